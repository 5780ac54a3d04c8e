#include "storage/sqlite/migrations.h"

#include "base/digest.h"

#include <string>

namespace weir {
namespace {

constexpr const char* kTable =
    "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " sha256 TEXT NOT NULL) STRICT";

/// How many of them the database has; each must be the one that the program knows.
Result<std::size_t> applied(SqliteDatabase& database, std::span<const SqliteMigration> migrations) {
  Result<SqliteStatement> rows =
      database.prepare("SELECT number, name, sha256 FROM migration ORDER BY number");
  if (!rows) return rows.error();
  std::size_t count = 0;
  while (true) {
    Result<bool> row = rows->step();
    if (!row) return row.error();
    if (!*row) return count;
    if (count >= migrations.size() || rows->integer(0) != static_cast<std::int64_t>(count) + 1) {
      return Error{ErrorCode::integrity,
                   database.path() + ": its schema is newer than this program (migration " +
                       std::to_string(rows->integer(0)) + " " + std::string(rows->text(1)) + ")",
                   "run the newer program"};
    }
    if (rows->text(2) != sha256_hex(migrations[count].sql)) {
      return Error{ErrorCode::integrity,
                   database.path() + ": migration " + std::to_string(count + 1) + " " +
                       std::string(rows->text(1)) + " was applied with another text",
                   "the file belongs to another build of the program"};
    }
    ++count;
  }
}

Status apply(SqliteDatabase& database, std::size_t number, const SqliteMigration& migration) {
  Status ran = database.execute(std::string(migration.sql));
  if (!ran) return ran.error().within("migration " + std::to_string(number));
  Result<SqliteStatement> note = database.prepare("INSERT INTO migration VALUES (?1, ?2, ?3)");
  if (!note) return note.error();
  note->bind(1, static_cast<std::int64_t>(number));
  note->bind(2, migration.name);
  note->bind(3, sha256_hex(migration.sql));
  return note->run();
}

}  // namespace

Status migrate(SqliteDatabase& database, std::span<const SqliteMigration> migrations) {
  Result<SqliteTransaction> transaction = SqliteTransaction::begin(database);
  if (!transaction) return transaction.error();
  WEIR_TRY(database.execute(kTable));
  Result<std::size_t> have = applied(database, migrations);
  if (!have) return have.error();
  for (std::size_t i = *have; i < migrations.size(); ++i) {
    WEIR_TRY(apply(database, i + 1, migrations[i]));
  }
  return transaction->commit();
}

Status check_migrated(SqliteDatabase& database, std::span<const SqliteMigration> migrations) {
  Result<SqliteStatement> table =
      database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migration'");
  if (!table) return table.error();
  Result<bool> there = table->step();
  if (!there) return there.error();
  std::size_t have = 0;
  if (*there) {
    Result<std::size_t> count = applied(database, migrations);
    if (!count) return count.error();
    have = *count;
  }
  if (have == migrations.size()) return {};
  return Error{ErrorCode::conflict, database.path() + ": its schema is older than this program",
               "start the process that writes it first"};
}

}  // namespace weir
