// What /v1/requests asks: single requests, newest first, a page at a time.
//
// A cursor is opaque to clients: it holds the range, the place of the last row of the page before,
// and a digest of tenant and filters, so that it continues that very list and no other. Rows are
// ordered by (time, incarnation, partition, offset, row), all descending: a place in that order
// does not move when files are merged or newer requests arrive.
#pragma once

#include "analytics/query_spec.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// A row's place in the order of the list.
struct RequestPlace {
  std::int64_t time_us = 0;
  std::int64_t incarnation = 0;
  std::int64_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t row = 0;
};

struct RequestsSpec {
  TimeRange range;
  std::vector<DimensionFilter> filters;
  std::int64_t limit = 100;
  std::optional<RequestPlace> after;
  std::string digest;  // of tenant and filters
};

/// Errors: `invalid`, naming the parameter. `tenant` goes into the digest.
Result<RequestsSpec> check_requests(const QueryParameters& parameters, const std::string& tenant,
                                    std::int64_t now_us);
std::string cursor_of(const RequestsSpec& spec, const RequestPlace& last);

}  // namespace weir
