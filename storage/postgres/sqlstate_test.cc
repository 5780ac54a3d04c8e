#include "storage/postgres/sqlstate.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(SqlstateTest, each_state_says_what_the_caller_may_do) {
  const struct {
    const char* sqlstate;
    ErrorCode code;
  } kCases[] = {
      {"", ErrorCode::unavailable},       // the connection was lost
      {"08006", ErrorCode::unavailable},  // connection failure
      {"40001", ErrorCode::unavailable},  // serialization failure: nothing was written
      {"40P01", ErrorCode::unavailable},  // deadlock
      {"53100", ErrorCode::full},         // disk full
      {"53300", ErrorCode::unavailable},  // too many connections
      {"55P03", ErrorCode::unavailable},  // lock time-out
      {"57014", ErrorCode::unavailable},  // statement time-out
      {"57P01", ErrorCode::unavailable},  // shutting down
      {"25006", ErrorCode::unavailable},  // became a replica
      {"23505", ErrorCode::conflict},     // unique violation
      {"23514", ErrorCode::integrity},    // check violation
      {"22003", ErrorCode::invalid},      // out of range
      {"28P01", ErrorCode::denied},       // wrong password
      {"42501", ErrorCode::denied},       // no right
      {"3D000", ErrorCode::config},       // no such database
      {"42P01", ErrorCode::config},       // no such table: not migrated
      {"42601", ErrorCode::integrity},    // syntax error: a bug
      {"XX001", ErrorCode::integrity},    // damaged data
  };
  for (const auto& [sqlstate, code] : kCases) {
    EXPECT_EQ(error_code_of_sqlstate(sqlstate), code) << sqlstate;
  }
}

}  // namespace
}  // namespace weir
