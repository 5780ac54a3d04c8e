// Counts usage from the stream's own records, in another way than quota does: row by row into a map,
// with every identity of a partition in one table. Two implementations check each other. Pure.
//
// Verdicts about single addresses are the recorded ones (R4): what was quarantined is passed over and
// never becomes known; what could not be proven new becomes known and counts nothing by itself. All
// else is decided here: an identity that is known at a smaller address makes a copy, when that address
// is not too old to be asked (R6). Where the index's generations decide whether it was asked, the units
// may or may not have been counted: they stand in `maybe`.
//
// Feed the partitions one after the other, each in offset order.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "catalog/catalog.h"
#include "ingest/event/request_batch.h"
#include "ingest/stream/record.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir {

/// tenant, subscription, meter, start of the bucket
using BucketKey = std::tuple<std::string, std::string, std::string, std::int64_t>;

struct Counted {
  std::int64_t units = 0;
  std::int64_t maybe = 0;  // copies that the index may have been too young to know
};

struct RecountRules {
  Micros bucket{0}, skew{0}, restamp_window{0};
  std::int64_t from_us = 0, to_us = 0;      // event times that are counted
  std::size_t identities_max = 64'000'000;  // of one partition: some 3 GiB
};

/// Addresses of one partition about which something was recorded; row -1 is the whole record.
struct RecordedVerdicts {
  std::set<std::pair<std::int64_t, std::int64_t>> quarantined, unprovable;
};

class Recount {
 public:
  Recount(const Catalog& catalog, RecountRules rules);

  void begin_partition(RecordedVerdicts verdicts);
  /// Row i of `rows` stood at `row_index[i]` of the record (empty: at i).
  Status add(Offset offset, AppendTime append_time, const RequestBatch& rows,
             const std::vector<std::uint32_t>& row_index);
  bool quarantined(Offset offset, std::int64_t row) const {
    return verdicts_.quarantined.contains({offset.value, row});
  }

  const std::map<BucketKey, Counted>& counted() const { return counted_; }
  std::int64_t events() const { return events_; }
  std::int64_t copies() const { return copies_; }

 private:
  struct IdentityHash {
    std::size_t operator()(const Identity& identity) const { return identity.low; }
  };
  void count(const RequestBatch& rows, std::size_t row, bool maybe);

  const RecountRules rules_;
  std::unordered_map<std::string, std::vector<const Meter*>> meters_;  // by tenant
  RecordedVerdicts verdicts_;
  std::unordered_map<Identity, AppendTime, IdentityHash> known_;  // of this partition
  std::map<BucketKey, Counted> counted_;
  std::int64_t events_ = 0, copies_ = 0;
};

}  // namespace weir
