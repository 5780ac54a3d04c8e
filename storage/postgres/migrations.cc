#include "storage/postgres/migrations.h"

#include "base/digest.h"

#include <map>

namespace weir {
namespace {

struct Applied {
  std::string name;
  std::string sha256;
};
using History = std::map<std::int64_t, Applied>;

Result<History> read_history(Connection& connection, const std::string& schema, Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT number, name, sha256 FROM " + schema + ".migration ORDER BY number", deadline);
  if (!rows) return std::move(rows).error();
  History history;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    history[rows->integer(i, 0)] = {std::string(rows->text(i, 1)), std::string(rows->text(i, 2))};
  }
  return history;
}

Error refused(const std::string& schema, const std::string& what, const std::string& remedy) {
  return Error{ErrorCode::integrity, "schema " + schema + ": " + what, remedy};
}

/// The history must be a prefix of the binary's list, text by text.
Status check_history(const std::string& schema, const History& history,
                     std::span<const Migration> migrations) {
  for (const auto& [number, applied] : history) {
    if (number < 1 || number > static_cast<std::int64_t>(migrations.size())) {
      return refused(schema, "migration " + applied.name + " is not known to this binary",
                     "run the release that applied it, or a newer one");
    }
    const Migration& known = migrations[static_cast<std::size_t>(number) - 1];
    if (sha256_hex(known.sql) != applied.sha256) {
      return refused(
          schema, "migration " + applied.name + " differs from what was applied to this database",
          "never edit an applied migration; add another");
    }
  }
  std::int64_t expected = 1;
  for (const auto& entry : history) {
    if (entry.first != expected++) {
      return refused(schema, "an earlier migration than " + entry.second.name + " was not applied",
                     "restore the schema from its backup");
    }
  }
  return Status();
}

Status apply(Connection& connection, const std::string& schema, const Migration& migration,
             Deadline deadline) {
  Result<Transaction> tx = Transaction::begin(connection, deadline);
  if (!tx) return tx.error();
  if (Status ran = connection.script(std::string(migration.sql), deadline); !ran) {
    return ran.error().within("migration " + std::string(migration.name));
  }
  WEIR_TRY(tx->run(
      "INSERT INTO " + schema +
          ".migration (number, name, sha256, applied_at_us) VALUES ($1, $2, $3, "
          "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint)",
      Params().integer(migration.number).text(migration.name).text(sha256_hex(migration.sql)),
      deadline));
  return tx->commit(deadline);
}

Status make_history(Connection& connection, const std::string& schema, Deadline deadline) {
  // IF NOT EXISTS alone would ask for the right to create even when there is nothing to create.
  Result<Rows> there = connection.run("SELECT to_regclass($1) IS NOT NULL",
                                      Params().text(schema + ".migration"), deadline);
  if (!there) return there.error();
  if (there->integer(0, 0) == 1) return Status();
  return connection.script(
      "CREATE SCHEMA IF NOT EXISTS " + schema + "; CREATE TABLE IF NOT EXISTS " + schema +
          ".migration (number bigint PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, "
          "applied_at_us bigint NOT NULL)",
      deadline);
}

Result<std::vector<std::string>> apply_missing(Connection& connection, const std::string& schema,
                                               std::span<const Migration> migrations,
                                               Deadline deadline) {
  WEIR_TRY(make_history(connection, schema, deadline));
  Result<History> history = read_history(connection, schema, deadline);
  if (!history) return std::move(history).error();
  WEIR_TRY(check_history(schema, *history, migrations));
  std::vector<std::string> done;
  for (const Migration& migration : migrations.subspan(history->size())) {
    WEIR_TRY(apply(connection, schema, migration, deadline));
    done.emplace_back(migration.name);
  }
  return done;
}

}  // namespace

Result<std::vector<std::string>> migrate(Connection& connection, const std::string& schema,
                                         std::span<const Migration> migrations, Deadline deadline) {
  int expected = 1;
  for (const Migration& migration : migrations) WEIR_CHECK(migration.number == expected++);
  const std::string name = "weir migrations of " + schema;
  // Held by the session, over all the transactions.
  WEIR_TRY(connection.run("SELECT pg_advisory_lock(hashtextextended($1, 0))", Params().text(name),
                          deadline));
  Result<std::vector<std::string>> done = apply_missing(connection, schema, migrations, deadline);
  if (!connection.broken()) {
    WEIR_TRY(connection.run("SELECT pg_advisory_unlock(hashtextextended($1, 0))",
                            Params().text(name), deadline));
  }
  return done;
}

Status check_migrated(Connection& connection, const std::string& schema,
                      std::span<const Migration> migrations, const std::string& command,
                      Deadline deadline) {
  const Error behind{ErrorCode::config, "the schema " + schema + " is not up to date",
                     "run: " + command};
  Result<Rows> there = connection.run("SELECT to_regclass($1) IS NOT NULL",
                                      Params().text(schema + ".migration"), deadline);
  if (!there) return there.error();
  if (there->integer(0, 0) == 0) return behind;
  Result<History> history = read_history(connection, schema, deadline);
  if (!history) return history.error();
  WEIR_TRY(check_history(schema, *history, migrations));
  if (history->size() < migrations.size()) return behind;
  return Status();
}

}  // namespace weir
