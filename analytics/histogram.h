// A fixed log-linear histogram of latencies: mergeable by plain sums, at most 1 % wrong.
//
// The bucket of a value is the value itself below 64; from there each power of two is cut into 64
// equal buckets. With e = floor(log2 v):
//
//   bucket = v                              for v < 64
//   bucket = (e - 6) * 64 + (v >> (e - 6))  for v >= 64
//
// A bucket is at most 2^(e-6) wide and holds values >= 2^e, and its middle stands for all of them:
// the error is at most 2^(e-7) / 2^e = 1/128, below 1 %. (The layout is HdrHistogram's by Gil Tene,
// with 64 sub-buckets.) Buckets never depend on the data, so histograms of any two sets of events
// are merged by adding counts, which is what makes them fit to be stored as (bucket, count) rows.
// Values are microseconds, 0 to 2^62; larger ones fall into the last bucket. Threads: any.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace weir {

inline constexpr std::int64_t kLatencyMax = (std::int64_t{1} << 62) - 1;

constexpr std::uint16_t latency_bucket(std::int64_t latency_us) {
  auto value = static_cast<std::uint64_t>(std::clamp<std::int64_t>(latency_us, 0, kLatencyMax));
  if (value < 64) return static_cast<std::uint16_t>(value);
  int shift = static_cast<int>(std::bit_width(value)) - 7;  // e - 6
  return static_cast<std::uint16_t>(static_cast<std::uint64_t>(shift) * 64 + (value >> shift));
}

inline constexpr std::uint16_t kLatencyBuckets = latency_bucket(kLatencyMax) + 1;

/// The value that stands for the bucket: its middle, rounded down.
constexpr std::int64_t latency_of_bucket(std::uint16_t bucket) {
  if (bucket < 128) return bucket;
  int shift = bucket / 64 - 1;
  std::int64_t low = std::int64_t{bucket % 64 + 64} << shift;
  return low + ((std::int64_t{1} << shift) - 1) / 2;
}

}  // namespace weir
