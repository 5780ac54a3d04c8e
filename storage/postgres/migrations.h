// Numbered SQL files, embedded in the binary, applied once each and in order.
//
// A schema's history is the table <schema>.migration (number, name, sha256, applied_at_us).
// migrate() makes the schema and the table when they are missing, takes an advisory lock (two
// processes: the second waits, then finds nothing to do), and runs each migration that is new in a
// transaction of its own together with its row. Refused with `integrity`: a file whose text differs
// from what was applied, a number that was applied but is not in the binary below others that are,
// and a database that is newer than the binary.
//
//   CMake:  weir_embed_migrations(sql NAME billing_migrations)     # from ./migrations/*.sql
//           weir_library(weir_billing_lib DEPS ... weir_postgres SOURCES ${sql})
//   C++:    std::span<const Migration> billing_migrations();
//           migrate(connection, "billing", billing_migrations(), deadline);
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "storage/postgres/connection.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct Migration {
  int number;             // from 1, without holes
  std::string_view name;  // "0001_ledger"
  std::string_view sql;
};

/// Applies what is missing; gives the names of what it applied. `schema` is a plain identifier.
Result<std::vector<std::string>> migrate(Connection& connection, const std::string& schema,
                                         std::span<const Migration> migrations, Deadline deadline);

/// Is the database exactly at the binary's version? Error `config` names the command to run when it
/// is behind, `integrity` when it is ahead or a text differs.
Status check_migrated(Connection& connection, const std::string& schema,
                      std::span<const Migration> migrations, const std::string& command,
                      Deadline deadline);

}  // namespace weir
