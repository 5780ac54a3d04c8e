// What the HTTP service reads from the ledger, with a bounded and short memory.
//
// A View is the catalogue in force and how fresh the ledger is; the sums of a subscription's period
// are remembered for at most `age_max`, so a check costs no query. Both are read again when older.
// Sums hold usage and adjustments alike: what happened, whether or not its bucket was frozen when it
// came. Errors: `unavailable`, and `config` when the database is not set up. Threads: any.
#pragma once

#include "base/calendar.h"
#include "base/result.h"
#include "base/time.h"
#include "catalog/catalog.h"
#include "storage/postgres/database.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weir {

struct Freshness {
  std::int64_t as_of_us = 0;                        // the database's clock at the read
  std::optional<std::int64_t> complete_through_us;  // nothing while a partition was never caught up
};

/// Immutable, and alive as long as somebody holds it.
struct LedgerView {
  Freshness freshness;
  std::int64_t bucket_us = 0;
  std::int64_t catalog_version = 0;  // 0: none is applied
  std::shared_ptr<const Catalog> catalog;
  std::chrono::steady_clock::time_point read_at;

  const Subscription* subscription(std::string_view tenant, std::string_view id) const;

 private:
  friend class Ledger;
  std::shared_ptr<const std::unordered_map<std::string, const Subscription*>> by_name;
};

struct MeterSum {
  std::int64_t units = 0;     // saturates at the greatest value
  std::int64_t adjusted = 0;  // of `units`: came after its bucket was frozen
};
using MeterSums = std::map<std::string, MeterSum>;

class Ledger {
 public:
  struct Limits {
    Micros age_max = std::chrono::seconds(1);
    Micros timeout = std::chrono::seconds(10);
    std::size_t entries_max = 100'000;
  };
  Ledger(Database& database, Limits limits);
  ~Ledger();

  Result<std::shared_ptr<const LedgerView>> view();
  /// Buckets whose start lies in `range`, by meter. Not remembered.
  Result<MeterSums> sums(const std::string& tenant, const std::string& subscription,
                         TimeRange range);
  /// The same, at most age_max old.
  Result<std::shared_ptr<const MeterSums>> recent_sums(const std::string& tenant,
                                                       const std::string& subscription,
                                                       TimeRange range);
  /// Is there any usage under this name?
  Result<bool> knows(const std::string& tenant, const std::string& subscription);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Unambiguous: the length of the tenant goes first.
std::string subscription_key(std::string_view tenant, std::string_view id);

}  // namespace weir
