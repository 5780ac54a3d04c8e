// Schema migrations of a SQLite database: numbered from 1 without holes, each applied once.
//
// The table `migration` keeps number, name and SHA-256 of what was applied. A migration whose text
// has changed since, or a database that is newer than the program, is error `integrity`: the file
// and the program do not belong together. All that is missing is applied in one transaction, so a
// crash leaves the old schema or the new one.
#pragma once

#include "base/result.h"
#include "storage/sqlite/sqlite.h"

#include <span>
#include <string_view>

namespace weir {

struct SqliteMigration {
  std::string_view name;
  std::string_view sql;
};

/// Brings the database to the last of `migrations`; the first has number 1.
Status migrate(SqliteDatabase& database, std::span<const SqliteMigration> migrations);
/// For readers: `conflict` when the database is older (wait for the writer), `integrity` as above.
Status check_migrated(SqliteDatabase& database, std::span<const SqliteMigration> migrations);

}  // namespace weir
