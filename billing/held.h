// Held periods: due, not closed, not charged, and why.
//
// A run that cannot close writes a row for every period that is due and refreshes those that stand:
// the reason may change, the moment it was first seen stays. The close that reaches the period
// resolves it (bill_store.h).
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "billing/charge_key.h"
#include "billing/freeze.h"
#include "billing/readiness.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

struct HeldPeriod {
  PeriodKey key;
  std::string customer;
  std::string reason;  // code of the most urgent reason
  std::string detail;  // all of them, in words
  std::int64_t first_seen_us = 0;
  std::int64_t last_seen_us = 0;
  std::string next_action = {};  // of the most urgent reason
};

class HeldStore {
 public:
  virtual ~HeldStore() = default;
  /// These are held now, and no others: inserts, refreshes, and resolves those not named.
  virtual Status refresh(const std::vector<HeldPeriod>& held, Deadline deadline) = 0;
  /// Open ones, by tenant, customer, subscription, period.
  virtual Result<std::vector<HeldPeriod>> open(Deadline deadline) = 0;
  virtual Result<std::vector<InvoicedSpan>> invoiced_spans(Deadline deadline) = 0;
};

/// The most urgent first: "behind (partition 3): applied up to 17, ...; and 2 more".
std::string describe(const std::vector<Reason>& reasons);

/// Every period that would be due at T, held for the reasons given.
Result<std::vector<HeldPeriod>> hold_due(const Catalog& catalog,
                                         const std::vector<InvoicedSpan>& invoiced,
                                         const Readiness& readiness);

}  // namespace weir
