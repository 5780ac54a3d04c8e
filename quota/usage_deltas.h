// What a batch adds to the ledger, as columns, in the key order in which rows are upserted.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir {

/// Equal-length columns, one entry a (tenant, subscription, meter, bucket), sorted by these four in
/// byte order, so that two writers always take their row locks in the same order. The texts live in
/// the batch and the catalogue that they were made from.
struct UsageDeltas {
  std::vector<std::string_view> tenant;
  std::vector<std::string_view> subscription;
  std::vector<std::string_view> meter;
  std::vector<std::int64_t> bucket_us;  // start of the bucket
  std::vector<std::int64_t> units;      // >= 0

  std::size_t size() const { return units.size(); }
  bool empty() const { return units.empty(); }
  void clear() {
    tenant.clear(), subscription.clear(), meter.clear();
    bucket_us.clear(), units.clear();
  }
  void add(std::string_view t, std::string_view s, std::string_view m, std::int64_t bucket,
           std::int64_t n) {
    tenant.push_back(t), subscription.push_back(s), meter.push_back(m);
    bucket_us.push_back(bucket), units.push_back(n);
  }
};

}  // namespace weir
