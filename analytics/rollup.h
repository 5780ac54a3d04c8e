// Rollups: what most questions need, a thousand times smaller than the events.
//
// One row for each (minute, tenant, api, route, method, status class, subscription) of a batch,
// with counts and sums, and for its latencies (bucket, count) pairs (histogram.h). Every number is
// a plain sum over events, so rows of the same key, of other batches and other files, merge by `+`.
//
// Cardinality: of a minute of a batch, a tenant makes at most `tenant_groups_max` rows, and all of
// them together `groups_max`; so one tenant with a million routes leaves the others theirs. Where all
// is used up, a tenant's first keys (a sixteenth of its own cap) still get rows, out of as many again.
// Events of further keys go to a row whose api, route, method and subscription are "__other__"
// (tenant and status class stay), and are counted in overflow_events. When even those exceed as many
// again, the tenant becomes "__other__" as well. Nothing is lost, and nothing allocates per event
// once warm.
//
// Key columns are codes of the batch's own dictionaries; the code one behind a dictionary's last is
// "__other__" (unless an event bore that very text, which then keeps its own code).
// Threads: one.
#pragma once

#include "analytics/slot_table.h"
#include "ingest/event/request_batch.h"
#include "storage/duckdb/duck.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace weir {

inline constexpr std::string_view kOther = "__other__";
inline constexpr std::int64_t kMinuteUs = 60 * kMicrosPerSecond;

/// Start of the minute that holds `time_us`, also before 1970.
constexpr std::int64_t minute_of(std::int64_t time_us) {
  std::int64_t into = time_us % kMinuteUs;
  return time_us - (into < 0 ? into + kMinuteUs : into);
}

/// 5 for 503; 0 for a status that is absent.
constexpr std::int32_t status_class_of(std::uint16_t status) { return status / 100; }

class Rollup {
 public:
  enum Dimension { tenant, api, route, method, subscription, kDimensions };

  Rollup(std::size_t groups_max, std::size_t tenant_groups_max)
      : groups_max_(groups_max), tenant_groups_max_(tenant_groups_max) {}

  /// Counts rows `rows` of `batch`, which has its detail. One batch between two clear()s.
  void add(const RequestBatch& batch, std::span<const std::uint32_t> rows);
  void clear();

  std::size_t groups() const { return minute_us_.size(); }
  std::int64_t overflow_events() const { return overflow_events_; }

  // By group.
  std::span<const std::int64_t> minute_us() const { return minute_us_; }
  std::span<const std::uint32_t> codes(Dimension d) const { return codes_[d]; }
  std::span<const std::int32_t> status_class() const { return status_class_; }
  std::span<const std::int64_t> requests() const { return requests_; }
  std::span<const Int128> units() const { return units_; }
  std::span<const Int128> request_bytes() const { return request_bytes_; }
  std::span<const Int128> response_bytes() const { return response_bytes_; }
  std::span<const Int128> latency_sum_us() const { return latency_sum_us_; }
  std::span<const std::int64_t> latency_count() const { return latency_count_; }

  // By (group, bucket).
  std::span<const std::uint32_t> histogram_group() const { return histogram_group_; }
  std::span<const std::int32_t> histogram_bucket() const { return histogram_bucket_; }
  std::span<const std::int64_t> histogram_count() const { return histogram_count_; }

 private:
  struct Key {
    std::int64_t minute_us;
    std::uint32_t codes[kDimensions];
    std::int32_t status_class;
    bool operator==(const Key&) const = default;
  };
  std::uint32_t group_of(const Key& wanted);
  static std::uint64_t hash_of(const Key& key);
  std::optional<std::uint32_t> find(const Key& key, std::uint64_t hash) const;
  std::uint32_t add_group(const Key& key, std::uint64_t hash);
  /// The key itself while its minute has room, else the row of the others.
  Key within_cap(const Key& key);
  bool has_room(const Key& key);
  std::uint32_t& groups_of_minute(std::int64_t minute_us);
  std::uint32_t& groups_of_tenant(std::int64_t minute_us, std::uint32_t tenant);
  void count_latency(std::uint32_t group, std::int64_t latency_us);

  const std::size_t groups_max_;
  const std::size_t tenant_groups_max_;
  std::int64_t overflow_events_ = 0;
  std::uint32_t other_[kDimensions] = {};  // code of "__other__" in this batch

  SlotTable groups_;
  std::vector<std::int64_t> minute_us_;
  std::vector<std::uint32_t> codes_[kDimensions];
  std::vector<std::int32_t> status_class_;
  std::vector<std::int64_t> requests_;
  std::vector<Int128> units_, request_bytes_, response_bytes_, latency_sum_us_;
  std::vector<std::int64_t> latency_count_;

  SlotTable minutes_;  // how many groups each minute has
  std::vector<std::int64_t> minute_;
  std::vector<std::uint32_t> minute_groups_;

  SlotTable shares_;  // how many of them each tenant has
  std::vector<std::int64_t> share_minute_;
  std::vector<std::uint32_t> share_tenant_;
  std::vector<std::uint32_t> share_groups_;

  SlotTable buckets_;
  std::vector<std::uint32_t> histogram_group_;
  std::vector<std::int32_t> histogram_bucket_;
  std::vector<std::int64_t> histogram_count_;
};

/// The texts of a dictionary by code, with "__other__" behind them where it is not among them.
std::vector<std::string_view> texts_with_other(const Dictionary& dictionary);

}  // namespace weir
