// One list of things that stand in the database, for people and for scripts: a statement, its columns,
// and what to type next.
//
// People get a table with ages; --json gives one object with everything, times as RFC 3339. At most
// kListRows rows; where more stand, the last line (and "more" in the JSON) says so.
#pragma once

#include "base/result.h"
#include "storage/postgres/connection.h"

#include <string>
#include <string_view>
#include <vector>

namespace weir {

constexpr std::int64_t kListRows = 1000;

struct Column {
  enum class Kind {
    text,
    number,
    time,     // microseconds; "" when null
    age,      // microseconds of a time; of JSON alone the time
    hidden,   // text that only JSON shows
    in_json,  // JSON as it is, that only JSON shows
  };
  const char* name;
  Kind kind = Kind::text;
};

struct Listing {
  const char* name;  // of the JSON's array: "gaps"
  /// $1: all (boolean), the settled ones too; $2: how many rows at most.
  std::string_view sql;
  std::vector<Column> columns;
  const char* none;  // "no gap is open"
  const char* next;  // what to type; "" for nothing
};

Result<std::string> print_listing(Connection& connection, const Listing& listing, bool all,
                                  bool json, Deadline deadline);

/// "3 h 20 min"; "just now".
std::string age_text(std::int64_t since_us, std::int64_t now_us);

extern const Listing kQuarantineList;
extern const Listing kGapsList;
extern const Listing kHolesList;
extern const Listing kFlagsList;
extern const Listing kUnprovableList;
extern const Listing kAuditList;

}  // namespace weir
