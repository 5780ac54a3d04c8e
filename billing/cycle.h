// One billing run: what cron calls.
//
// Recover what an earlier run left, pass the gate, close, invoice, charge, report. Safe to run at any
// time, twice at once and after a crash at any point: each step finds what was done and does the rest.
// Nothing that cannot be proven is charged: it is held, with its reason.
#pragma once

#include "base/process.h"
#include "base/result.h"
#include "billing/bill_store.h"
#include "billing/charging.h"
#include "billing/close.h"
#include "billing/gate.h"
#include "billing/held.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct CycleParts {
  Gate& gate;
  CloseStore& closes;
  BillStore& bills;
  ChargeStore& charges;
  HeldStore& held;
  StreamEye& eye;
  Provider& provider;
  CloseOptions close_options;
  Micros call_timeout = std::chrono::seconds(30);
  BreakerOptions breaker = {};  // around the provider
};

struct CycleReport {
  std::int64_t t_us = 0;              // the moment that this run set out to close
  std::vector<CloseHead> closed;      // by this run
  std::optional<CloseHead> standing;  // T was closed before
  std::int64_t closed_until_us = 0;   // everything before is closed, by this run or before
  std::int64_t invoices = 0;          // made by this run
  std::int64_t holds_resolved = 0;
  ChargeTally charges;
  std::vector<Reason> reasons;   // empty: everything up to T is closed
  std::vector<HeldPeriod> held;  // what that keeps from being invoiced
  std::vector<QuotaPartition> partitions;

  /// done; held when not ready or when a charge is held; unreachable when broker or provider is away.
  ExitCode exit() const;
};

Result<CycleReport> run_cycle(CycleParts& parts);

}  // namespace weir
