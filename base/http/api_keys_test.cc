#include "base/http/api_keys.h"

#include "base/digest.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class ApiKeysTest : public testing::Test {
 protected:
  ApiKeysTest() : path_("/tmp/weir-keys-" + random_hex(6) + ".toml") {}
  ~ApiKeysTest() override { std::filesystem::remove(path_); }
  Result<ApiKeys> read(const std::string& content) {
    std::ofstream(path_, std::ios::trunc) << content;
    return ApiKeys::read(path_);
  }
  std::string path_;
};

TEST_F(ApiKeysTest, made_keys_are_found_by_what_was_shown_once) {
  const auto a = ApiKeys::make("acme", "gateway \"eu\"");
  const auto b = ApiKeys::make("bolt", "b");
  const auto keys = read(a.entry + "\n" + b.entry);
  ASSERT_TRUE(keys) << keys.error().text();
  EXPECT_EQ(keys->tenant_of(a.key), "acme");
  EXPECT_EQ(keys->tenant_of(b.key), "bolt");
  EXPECT_EQ(keys->tenant_of(a.key + "x"), std::nullopt);
  EXPECT_EQ(keys->tenant_of(""), std::nullopt);
}

TEST_F(ApiKeysTest, key_has_its_form_and_is_not_in_its_entry) {
  const auto made = ApiKeys::make("acme", "x");
  EXPECT_THAT(made.key, MatchesRegex("weir_[0-9a-f]+"));
  EXPECT_EQ(made.key.size(), 45u);
  EXPECT_THAT(made.entry, Not(HasSubstr(made.key.substr(5))));
  EXPECT_NE(ApiKeys::make("acme", "x").key, made.key);
}

TEST_F(ApiKeysTest, digest_may_be_written_in_upper_case) {
  std::string digest = sha256_hex("k");
  for (char& c : digest) c = static_cast<char>(std::toupper(c));
  const auto keys = read("[[key]]\nname='n'\ntenant='t'\nsha256='" + digest + "'\n");
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->tenant_of("k"), "t");
}

TEST_F(ApiKeysTest, all_faults_are_reported_with_their_lines) {
  const std::string good = sha256_hex("k");
  const auto keys = read(
      "[[key]]\nname = 'a'\ntenant = ''\nsha256 = '12'\n"
      "[[key]]\nname = 'b'\ntenat = 'x'\nsha256 = '" +
      good +
      "'\n"
      "[[key]]\nname = 'c'\ntenant = 'x'\nsha256 = '" +
      good +
      "'\n"
      "[other]\n");
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, ErrorCode::config);
  const std::string text = keys.error().what;
  EXPECT_THAT(text, HasSubstr(":3: tenant must be a text"));
  EXPECT_THAT(text, HasSubstr("sha256 is not 64 hexadecimal digits"));
  EXPECT_THAT(text, HasSubstr(":7: tenat is not known in a [[key]]; did you mean 'tenant'?"));
  EXPECT_THAT(text, HasSubstr("tenant is missing"));
  EXPECT_THAT(text, HasSubstr("sha256 stands in the file twice"));
  EXPECT_THAT(text, HasSubstr("other is not known"));
}

TEST_F(ApiKeysTest, absent_and_half_written_files_are_errors) {
  const auto absent = ApiKeys::read(path_);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::config);
  EXPECT_THAT(absent.error().what, HasSubstr(path_));
  EXPECT_FALSE(read("[[key]]\nname = 'a"));
}

TEST_F(ApiKeysTest, empty_file_has_no_keys) {
  const auto keys = read("");
  ASSERT_TRUE(keys);
  EXPECT_TRUE(keys->empty());
}

}  // namespace
}  // namespace weir
