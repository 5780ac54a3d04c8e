// The expected totals, for people and for machines.
#pragma once

#include "ingest/collector/generate_events.h"

#include <string>

namespace weir {

/// A table of subscriptions and meters, and the counts.
std::string totals_table(const ExpectedTotals& totals);
/// {"received":…,"events":…,"duplicates":…,"restamped":…,"late":…,"poison":…,
///  "totals":[{"tenant":…,"subscription":…,"meter":…,"units":…,"buckets":[[start_us,units],…]},…],
///  "routes":[{"route":…,"requests":…,"server_errors":…},…]}; what comes to nothing is left out.
std::string totals_json(const ExpectedTotals& totals);

}  // namespace weir
