// Storing billing's copy of the catalogue. Each applied one is a version; the greatest is in force;
// closes freeze one by its version.
//
// R8: the applying transaction takes the gate FOR SHARE, so that no close is half-way through. The
// past keeps its periods: a catalogue that moves or removes a period which has begun before the
// frontier and is not invoiced yet is refused, since its usage would lie in no period, or in two.
#pragma once

#include "base/result.h"
#include "base/settings.h"
#include "base/time.h"
#include "catalog/catalog.h"
#include "storage/postgres/connection.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

struct CatalogApplied {
  std::int64_t version = 0;
  std::string digest;
  bool changed = false;       // false: this very catalogue is in force already
  std::vector<Fault> faults;  // not empty: refused, nothing was applied
};

/// Every period must begin on the edge of a bucket.
std::vector<Fault> check_period_edges(const Catalog& next, std::int64_t bucket_us);
/// The period that contains the frontier must stay as it is for every subscription that has one.
std::vector<Fault> check_open_periods(const Catalog& present, const Catalog& next,
                                      std::int64_t closed_until_us);

Result<CatalogApplied> apply_billing_catalog(Connection& connection, const Catalog& next,
                                             const std::string& actor, Deadline deadline);

}  // namespace weir
