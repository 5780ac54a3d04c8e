#include "base/compress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <zstd.h>

namespace weir {
namespace {

using testing::StartsWith;

constexpr std::size_t kMost = 1 << 20;

std::string sample(std::size_t bytes, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string out;
  while (out.size() < bytes) out += "request " + std::to_string(random() % 1000) + ";";
  out.resize(bytes);
  return out;
}

std::string compressed(std::string_view in, int level = 3) {
  std::string out;
  EXPECT_TRUE(zstd_compress(in, level, out));
  return out;
}

/// As a stream of unknown length writes it: no content size in the header.
std::string compressed_without_size(std::string_view in) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  std::string out(ZSTD_compressBound(in.size()), '\0');
  out.resize(ZSTD_compress2(context, out.data(), out.size(), in.data(), in.size()));
  ZSTD_freeCCtx(context);
  return out;
}

std::string failure(std::string_view in, std::size_t most = kMost) {
  std::string out = "left over";
  const auto made = zstd_decompress(in, most, out);
  EXPECT_FALSE(made);
  EXPECT_EQ(out, "");
  return made ? "" : made.error().what;
}

TEST(Zstd, every_length_and_level_is_read_back) {
  std::string out;
  for (std::size_t bytes : {0u, 1u, 100u, 4096u, 300'000u}) {
    for (int level : {1, 3, 19}) {
      const std::string in = sample(bytes, bytes);
      ASSERT_EQ(*zstd_decompress(compressed(in, level), kMost, out), bytes);
      ASSERT_EQ(out, in);
      ASSERT_EQ(*zstd_decompress(compressed_without_size(in), kMost, out), bytes);
      ASSERT_EQ(out, in);
    }
  }
}

TEST(Zstd, output_is_overwritten_and_its_capacity_kept) {
  std::string out;
  ASSERT_TRUE(zstd_decompress(compressed(sample(100'000, 1)), kMost, out));
  const std::size_t capacity = out.capacity();
  ASSERT_TRUE(zstd_decompress(compressed("short"), kMost, out));
  EXPECT_EQ(out, "short");
  EXPECT_EQ(out.capacity(), capacity);
}

TEST(Zstd, every_cut_is_called_truncated) {
  for (const std::string& whole :
       {compressed(sample(5000, 2)), compressed_without_size(sample(5000, 2))}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      ASSERT_THAT(failure(std::string_view(whole).substr(0, length)), StartsWith("zstd: truncated"))
          << length;
    }
  }
}

TEST(Zstd, no_flipped_bit_passes) {
  const std::string in = sample(3000, 3);
  const std::string whole = compressed(in);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string spoiled = whole;
    spoiled[bit / 8] = static_cast<char>(spoiled[bit / 8] ^ (1 << (bit % 8)));
    std::string out;
    const auto made = zstd_decompress(spoiled, kMost, out);
    ASSERT_TRUE(!made || out == in) << bit;  // a header bit may be one that nothing reads
  }
}

TEST(Zstd, what_is_no_frame_is_called_corrupt) {
  EXPECT_THAT(failure("this is no zstd frame at all"), StartsWith("zstd: corrupt"));
  EXPECT_THAT(failure(compressed("a") + "b"), StartsWith("zstd: corrupt: bytes behind"));
}

TEST(Zstd, bomb_is_refused_at_the_bound) {
  const std::string bomb = compressed(std::string(50 << 20, 'x'));
  EXPECT_LT(bomb.size(), 10'000u);
  EXPECT_THAT(failure(bomb), StartsWith("zstd: too large"));
  const std::string quiet_bomb = compressed_without_size(std::string(50 << 20, 'x'));
  std::string out;
  const auto made = zstd_decompress(quiet_bomb, kMost, out);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::full);
  EXPECT_LE(out.capacity(), 2 * kMost);
}

TEST(Zstd, bound_itself_is_allowed) {
  const std::string in = sample(4096, 4);
  std::string out;
  for (const std::string& whole : {compressed(in), compressed_without_size(in)}) {
    EXPECT_TRUE(zstd_decompress(whole, 4096, out));
    EXPECT_THAT(failure(whole, 4095), StartsWith("zstd: too large"));
  }
}

TEST(Zstd, header_that_claims_more_than_its_bytes_can_make_reserves_nothing) {
  std::string lie = compressed(std::string(1 << 30, 'x'));  // some 32 KiB
  lie.resize(100);
  std::string out;
  ASSERT_FALSE(zstd_decompress(lie, std::size_t{2} << 30, out));
  EXPECT_LT(out.capacity(), 100'000u);
}

TEST(Zstd, foreign_levels_are_refused) {
  std::string out;
  for (int level : {-1, 0, 20}) EXPECT_FALSE(zstd_compress("x", level, out));
}

}  // namespace
}  // namespace weir
