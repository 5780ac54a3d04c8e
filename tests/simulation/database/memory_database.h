// MemoryDatabase: PostgreSQL as far as Weir's correctness rests on it, in memory and in virtual time.
//
// One object holds the tables of both schemas; the stores beside it (memory_*_store.h) implement the
// production interfaces over it, statement by statement as the SQL does: same rows, same locks, same
// waiting, same errors. What it models is proven by tests/contract/isolation, which replays schedules
// and random calls on this and on a real PostgreSQL. Not modelled: page-level matters, statement
// snapshots of statements that wait (they see what was committed meanwhile, except for the set of
// rows that they lock), and privileges. Threads: one at a time, or `server().exclusion`.
#pragma once

#include "catalog/catalog.h"
#include "tests/simulation/database/billing_rows.h"

namespace weir::simulation {

class MemoryDatabase {
 public:
  struct Options {
    Deployment deployment;  // as `weir-quota migrate` would write it; closed_until_us is left out
  };
  MemoryDatabase(Scheduler& scheduler, std::function<std::int64_t()> clock_us, Options options);
  MemoryDatabase(const MemoryDatabase&) = delete;
  MemoryDatabase& operator=(const MemoryDatabase&) = delete;

  Server& server() { return server_; }
  Quota& quota() { return quota_; }
  Billing& billing() { return billing_; }
  const Quota& quota() const { return quota_; }
  const Billing& billing() const { return billing_; }

  /// Every connection is lost, and every transaction that was not committed; what comes meanwhile is
  /// `unavailable`.
  void go_away();
  void come_back() { server_.away = false; }

  /// What `weir-quota catalog apply` and `weir-billing catalog apply` do (R8), checks included:
  /// error `invalid` names the first fault.
  Status apply_quota_catalog(const Catalog& catalog);
  Status apply_billing_catalog(const Catalog& catalog);

 private:
  Server server_;
  Quota quota_;
  Billing billing_;
};

}  // namespace weir::simulation
