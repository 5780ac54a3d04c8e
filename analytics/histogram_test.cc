#include "analytics/histogram.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace weir {
namespace {

void expect_within_one_percent(std::int64_t value) {
  std::int64_t stands_for = latency_of_bucket(latency_bucket(value));
  double error = std::abs(static_cast<double>(stands_for - value));
  ASSERT_LE(error, 0.01 * static_cast<double>(value)) << value;
}

TEST(Histogram, a_bucket_stands_for_its_values_within_one_percent) {
  for (std::int64_t value = 0; value < 1'000'000; ++value) expect_within_one_percent(value);
  std::mt19937_64 random(7);
  for (int i = 0; i < 1'000'000; ++i) {
    expect_within_one_percent(static_cast<std::int64_t>(random() >> (random() % 60 + 2)));
  }
  for (int bits = 1; bits < 62; ++bits) {
    for (std::int64_t near = -2; near <= 2; ++near) {
      expect_within_one_percent(std::max<std::int64_t>(0, (std::int64_t{1} << bits) + near));
    }
  }
}

TEST(Histogram, buckets_are_dense_and_in_the_order_of_values) {
  std::uint16_t last = latency_bucket(0);
  ASSERT_EQ(last, 0);
  for (std::int64_t value = 1; value < 3'000'000; ++value) {
    std::uint16_t bucket = latency_bucket(value);
    ASSERT_GE(bucket, last);
    ASSERT_LE(bucket, last + 1);
    last = bucket;
  }
}

TEST(Histogram, a_bucket_holds_the_value_that_stands_for_it) {
  for (std::uint16_t bucket = 0; bucket < kLatencyBuckets; ++bucket) {
    ASSERT_EQ(latency_bucket(latency_of_bucket(bucket)), bucket);
  }
}

TEST(Histogram, what_is_out_of_range_falls_into_the_first_or_last_bucket) {
  EXPECT_EQ(latency_bucket(-5), 0);
  EXPECT_EQ(latency_bucket(std::numeric_limits<std::int64_t>::max()), kLatencyBuckets - 1);
}

}  // namespace
}  // namespace weir
