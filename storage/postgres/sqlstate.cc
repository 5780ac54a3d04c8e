#include "storage/postgres/sqlstate.h"

namespace weir {

ErrorCode error_code_of_sqlstate(std::string_view sqlstate) {
  if (sqlstate.empty()) return ErrorCode::unavailable;
  // Whole codes first: they differ from the rest of their class.
  if (sqlstate == "53100") return ErrorCode::full;         // disk full
  if (sqlstate == "23505") return ErrorCode::conflict;     // unique violation
  if (sqlstate == "42501") return ErrorCode::denied;       // insufficient privilege
  if (sqlstate == "55P03") return ErrorCode::unavailable;  // lock not available
  if (sqlstate == "57014") return ErrorCode::unavailable;  // cancelled: statement time-out
  if (sqlstate == "25006") return ErrorCode::unavailable;  // read-only: not the primary any more
  if (sqlstate == "25P03") return ErrorCode::unavailable;  // idle in transaction for too long
  if (sqlstate == "42P01" || sqlstate == "3F000" || sqlstate == "42883") {
    return ErrorCode::config;  // no such table, schema or function: not migrated
  }
  const std::string_view kind = sqlstate.substr(0, 2);
  if (kind == "08" || kind == "40" || kind == "53" || kind == "57" || kind == "58") {
    return ErrorCode::unavailable;  // connection, rollback (deadlock), resources, operator, system
  }
  if (kind == "28") return ErrorCode::denied;
  if (kind == "3D") return ErrorCode::config;  // no such database
  if (kind == "22") return ErrorCode::invalid;
  return ErrorCode::integrity;
}

}  // namespace weir
