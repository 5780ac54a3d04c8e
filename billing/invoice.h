// From what a close knows to invoices. Pure: equal facts give equal invoices, to the cent.
//
// A close invoices each period that it is the first to reach whole (T ≥ its end): the base fee
// once, and a line for each meter that the plan prices = rate(all units known). For a period that
// an earlier close invoiced and whose units grew since, it makes one line a meter = rate(all units
// known, under that period's frozen catalogue) − the sum of all earlier lines for that period and
// meter (R12).
//
// One invoice a customer and currency. One that comes to zero is recorded and charges nothing.
#pragma once

#include "base/result.h"
#include "billing/charge_key.h"
#include "billing/money.h"
#include "catalog/catalog.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

struct MeterUnits {
  std::string meter;
  std::int64_t known = 0;     // by this close and all earlier ones
  std::int64_t added = 0;     // of those, new with this close
  MoneyMinor billed_earlier;  // all lines of earlier closes for this period and meter
};

/// A period that this close has something to say about.
struct BillablePeriod {
  PeriodKey key;
  bool first = false;  // invoiced by this close; else late units for an earlier invoice
  const Catalog* catalog = nullptr;  // the one frozen for the period
  std::vector<MeterUnits> meters;    // those with known units
};

struct InvoiceLine {
  enum class Kind { base, usage, late };
  Kind kind = Kind::usage;
  PeriodKey period;
  std::string meter;       // empty for the base fee
  std::int64_t units = 0;  // all that are known of the period
  std::int64_t added = 0;  // of those, new with this close
  MoneyMinor amount;       // of this line
};
const char* name_of(InvoiceLine::Kind kind);

struct DraftInvoice {
  std::string tenant;
  std::string customer;
  std::string currency;
  std::vector<InvoiceLine> lines;  // by subscription, period, meter
  MoneyMinor total;

  /// The periods of the lines, sorted, each once.
  std::vector<PeriodKey> periods() const;
};

/// "acme-000012"
std::string invoice_id(const std::string& tenant, std::int64_t number);

/// Sorted by tenant, customer, currency. Errors: `invalid` for an amount beyond 64 bits;
/// `integrity` when a period's catalogue lacks its subscription or plan.
Result<std::vector<DraftInvoice>> draft_invoices(const std::vector<BillablePeriod>& periods);

}  // namespace weir
