#include "base/digest.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Sha256, gives_the_published_digests) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hex, every_byte_is_read_back_in_either_case) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  const std::string hex =
      to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  EXPECT_EQ(*from_hex(hex), bytes);
  EXPECT_EQ(*from_hex("AbFf"), "\xab\xff");
}

TEST(Hex, odd_length_and_foreign_digits_are_refused) {
  EXPECT_EQ(from_hex("abc").error().code, ErrorCode::invalid);
  EXPECT_EQ(from_hex("ag").error().code, ErrorCode::invalid);
  EXPECT_EQ(from_hex("0x").error().code, ErrorCode::invalid);
}

TEST(Random, two_tokens_differ_and_have_the_length_asked_for) {
  EXPECT_EQ(random_hex(20).size(), 40u);
  EXPECT_NE(random_hex(20), random_hex(20));
}

TEST(Secret, equal_only_when_every_byte_is) {
  EXPECT_TRUE(equal_secret("abc", "abc"));
  EXPECT_TRUE(equal_secret("", ""));
  EXPECT_FALSE(equal_secret("abc", "abd"));
  EXPECT_FALSE(equal_secret("abc", "abcd"));
}

TEST(LengthPrefixed, lists_that_join_alike_stay_apart) {
  const std::string_view a[] = {"a-b", "c"};
  const std::string_view b[] = {"a", "b-c"};
  const std::string_view c[] = {"1:a", ""};
  const std::string_view d[] = {"", "1:a"};
  EXPECT_NE(length_prefixed(a), length_prefixed(b));
  EXPECT_NE(length_prefixed(c), length_prefixed(d));
  EXPECT_EQ(length_prefixed(a), "3:a-b1:c");
}

}  // namespace
}  // namespace weir
