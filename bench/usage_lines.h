// Usage as lines of text, "tenant/subscription/meter/bucket_us=units", sorted: the one form in which
// what the generator promised, what the ledger holds and what the segments hold are compared.
//
// Failures throw (must.h). Threads: one.
#pragma once

#include "storage/postgres/connection.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::bench {

using UsageLines = std::vector<std::string>;

struct Expected {
  UsageLines usage;
  std::vector<std::pair<std::string, std::string>> subscriptions;  // (tenant, id), sorted
  std::int64_t received = 0;                                       // copies included
  std::int64_t events = 0;                                         // distinct ones
};

/// What `weir-ingest generate --json` printed.
Expected read_expected(std::string_view json);
/// Of quota's tables.
UsageLines ledger_usage(Connection& connection);
/// Of the live segments of an analytics volume, by one query over their rows.
UsageLines segment_usage(const std::string& volume, std::int64_t bucket_us);
/// The first 12 digits of the lines' SHA-256.
std::string fingerprint(const UsageLines& lines);

}  // namespace weir::bench
