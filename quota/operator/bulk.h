// Decisions about all rows that match: counted first, then decided in transactions of a thousand.
#pragma once

#include "quota/operator/arguments.h"
#include "storage/postgres/connection.h"

#include <functional>
#include <string_view>

namespace weir {

/// Open rows of one kind that match, oldest first.
struct Matching {
  std::size_t count = 0;
  std::int64_t last_id = 0;  // later ones are not meant
};

/// Which rows: the WHERE clause (its $1 is the least id, $2 the last one) and its further parameters.
struct Filter {
  const char* table = "";  // "quota.quarantine q"
  std::string where;
  std::vector<std::string> values;  // $3 …
};

/// Of quarantine: --where reason=CODE, --partition, --since. Of unprovable: --source, --subscription,
/// --until, --partition. `invalid` for a filter that the kind does not have.
Result<Filter> quarantine_filter(const OperatorArguments& arguments);
Result<Filter> unprovable_filter(const OperatorArguments& arguments);

Result<Matching> count_matching(Connection& connection, const Filter& filter, Deadline deadline);
/// The next ids behind `after`, at most a thousand.
Result<std::vector<std::int64_t>> matching_ids(Connection& connection, const Filter& filter,
                                               std::int64_t after, std::int64_t last_id,
                                               Deadline deadline);

}  // namespace weir
