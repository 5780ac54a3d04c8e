// One suite for every provider; then what is the file's own, and what the twin's faults do.
#include "billing/providers/provider.h"

#include "base/digest.h"
#include "billing/providers/file_provider.h"
#include "billing/providers/flat_json.h"
#include "billing/providers/memory_provider.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;

class TempFolder {
 public:
  TempFolder() : path_(std::filesystem::temp_directory_path() / ("weir-" + random_hex(8))) {
    std::filesystem::create_directory(path_);
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

ChargeOrder order(const std::string& key, std::int64_t minor = 1234) {
  return {key, "acme", "cust \"1\"\n", "acme-000001", {MoneyMinor(minor), "EUR"}};
}
Deadline soon() { return Deadline::in(5s); }

struct Kind {
  std::string name;
  std::function<std::unique_ptr<Provider>(const TempFolder&)> make;
};

class ProviderContract : public ::testing::TestWithParam<Kind> {
 protected:
  TempFolder folder_;
  std::unique_ptr<Provider> provider_ = GetParam().make(folder_);
};

TEST_P(ProviderContract, a_charge_is_taken_and_its_amount_is_echoed) {
  const Result<ChargeReceipt> receipt = provider_->charge(order("k1"), soon());
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->outcome, ChargeReceipt::Outcome::succeeded);
  EXPECT_EQ(receipt->amount, (Money{MoneyMinor(1234), "EUR"}));
  EXPECT_FALSE(receipt->reference.empty());
}

TEST_P(ProviderContract, R18_the_same_key_again_gives_the_first_receipt_whatever_the_order_says) {
  const Result<ChargeReceipt> first = provider_->charge(order("k1"), soon());
  const Result<ChargeReceipt> again = provider_->charge(order("k1", 999), soon());
  ASSERT_TRUE(first && again);
  EXPECT_EQ(*first, *again);
}

TEST_P(ProviderContract, what_was_taken_is_found_by_its_key_and_nothing_else_is) {
  const Result<ChargeReceipt> receipt = provider_->charge(order("k1"), soon());
  EXPECT_EQ(*provider_->find("k1", soon()), *receipt);
  EXPECT_EQ(*provider_->find("k2", soon()), std::nullopt);
}

TEST_P(ProviderContract, different_keys_are_different_charges) {
  EXPECT_NE(provider_->charge(order("k1"), soon())->reference,
            provider_->charge(order("k2"), soon())->reference);
}

TEST_P(ProviderContract, an_order_without_key_or_amount_is_refused_and_takes_nothing) {
  EXPECT_EQ(provider_->charge(order(""), soon()).error().code, ErrorCode::invalid);
  EXPECT_EQ(provider_->charge(order("k1", 0), soon()).error().code, ErrorCode::invalid);
  EXPECT_EQ(*provider_->find("k1", soon()), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    All, ProviderContract,
    ::testing::Values(Kind{"file",
                           [](const TempFolder& folder) -> std::unique_ptr<Provider> {
                             return *FileProvider::open(folder.file("charges.jsonl"));
                           }},
                      Kind{"memory",
                           [](const TempFolder&) -> std::unique_ptr<Provider> {
                             return std::make_unique<MemoryProvider>();
                           }}),
    [](const auto& kind) { return kind.param.name; });

TEST(FileProvider, knows_after_a_restart_what_it_took_before) {
  TempFolder folder;
  const std::string path = folder.file("charges.jsonl");
  const ChargeReceipt before = *(*FileProvider::open(path))->charge(order("k1"), soon());
  auto reopened = *FileProvider::open(path);
  EXPECT_EQ(**reopened->find("k1", soon()), before);
  EXPECT_EQ(*reopened->charge(order("k1"), soon()), before);
}

TEST(FileProvider, is_one_processs_at_a_time) {
  TempFolder folder;
  const auto first = *FileProvider::open(folder.file("charges.jsonl"));
  const auto second = FileProvider::open(folder.file("charges.jsonl"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
}

TEST(FileProvider, drops_the_torn_last_line_of_a_crash_since_nobody_was_answered_for_it) {
  TempFolder folder;
  const std::string path = folder.file("charges.jsonl");
  { ASSERT_TRUE((*FileProvider::open(path))->charge(order("k1"), soon())); }
  std::ofstream(path, std::ios::app) << R"({"key":"k2","refer)";
  auto reopened = *FileProvider::open(path);
  EXPECT_NE(*reopened->find("k1", soon()), std::nullopt);
  EXPECT_EQ(*reopened->find("k2", soon()), std::nullopt);
}

TEST(FileProvider, refuses_a_file_that_it_cannot_read_or_that_charged_a_key_twice) {
  TempFolder folder;
  const std::string line = R"({"key":"k1","reference":"file-1","amount_minor":5,"currency":"EUR"})";
  for (const std::string& content :
       {line + "\n" + line + "\n", std::string("nonsense\n"), std::string("{\"key\":\"k1\"}\n"),
        std::string(R"({"key":"k","reference":"r","amount_minor":99999999999999999999,)"
                    R"("currency":"EUR"})") +
            "\n"}) {
    const std::string path = folder.file("bad-" + random_hex(4));
    std::ofstream(path) << content;
    const auto opened = FileProvider::open(path);
    ASSERT_FALSE(opened) << content;
    EXPECT_EQ(opened.error().code, ErrorCode::integrity);
  }
}

TEST(FlatJson, reads_back_every_string_that_was_quoted) {
  const auto fields = parse_flat_json(R"({"a":"q\" b\\ n\n \u0001 é","n":-12})");
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->at("a"), "q\" b\\ n\n \x01 \xC3\xA9");
  EXPECT_EQ(fields->at("n"), "-12");
}

TEST(FlatJson, refuses_what_is_not_flat_or_not_whole) {
  for (const char* text : {"", "{", "[]", R"({"a":{}})", R"({"a":1.5})", R"({"a":1,"a":2})",
                           R"({"a":"b)", R"({"a":1}x)", R"({"a":true})", R"({"a":"\x"})"}) {
    EXPECT_FALSE(parse_flat_json(text)) << text;
  }
}

TEST(MemoryProvider, a_lost_order_took_nothing_and_a_lost_reply_took_it_once) {
  MemoryProvider provider;
  provider.fail_next(MemoryProvider::Fault::lost_before);
  provider.fail_next(MemoryProvider::Fault::lost_after);
  EXPECT_EQ(provider.charge(order("k1"), soon()).error().code, ErrorCode::unavailable);
  EXPECT_EQ(*provider.find("k1", soon()), std::nullopt);
  EXPECT_EQ(provider.charge(order("k1"), soon()).error().code, ErrorCode::in_doubt);
  EXPECT_TRUE(provider.charge(order("k1"), soon()));
  EXPECT_EQ(provider.taken(), 1);
  EXPECT_EQ(provider.calls(), 3);
}

}  // namespace
}  // namespace weir
