#include "storage/sqlite/sqlite.h"

#include <sqlite3.h>
#include <utility>

namespace weir {
namespace {

ErrorCode code_of(int status) {
  switch (status & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
      return ErrorCode::unavailable;
    case SQLITE_FULL:
      return ErrorCode::full;
    case SQLITE_CANTOPEN:
      return ErrorCode::not_found;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorCode::denied;
    case SQLITE_CONSTRAINT:
      return ErrorCode::conflict;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::integrity;
    default:
      return ErrorCode::invalid;
  }
}

Error error_of(sqlite3* database, std::string_view what) {
  const char* file = sqlite3_db_filename(database, "main");
  std::string text = "SQLite " + std::string(file == nullptr ? "" : file) + ": " +
                     std::string(what) + ": " + sqlite3_errmsg(database);
  return Error{code_of(sqlite3_extended_errcode(database)), std::move(text), ""};
}

int timeout_ms(Micros timeout) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count());
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

// A bind fails only for an index that the statement lacks: a bug.
void SqliteStatement::bind(int index, std::int64_t value) {
  WEIR_CHECK(sqlite3_bind_int64(statement_.get(), index, value) == SQLITE_OK);
}

void SqliteStatement::bind(int index, std::string_view text) {
  WEIR_CHECK(sqlite3_bind_text64(statement_.get(), index, text.data() == nullptr ? "" : text.data(),
                                 text.size(), SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK);
}

void SqliteStatement::bind_blob(int index, std::string_view bytes) {
  WEIR_CHECK(sqlite3_bind_blob64(statement_.get(), index,
                                 bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                                 SQLITE_TRANSIENT) == SQLITE_OK);
}

void SqliteStatement::bind_null(int index) {
  WEIR_CHECK(sqlite3_bind_null(statement_.get(), index) == SQLITE_OK);
}

Result<bool> SqliteStatement::step() {
  int status = sqlite3_step(statement_.get());
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  Error error = error_of(sqlite3_db_handle(statement_.get()), sqlite3_sql(statement_.get()));
  sqlite3_reset(statement_.get());
  return error;
}

Status SqliteStatement::run() {
  Result<bool> row = step();
  if (!row) return row.error();
  while (*row) {
    row = step();
    if (!row) return row.error();
  }
  reset();
  return {};
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteStatement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view SqliteStatement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

bool SqliteStatement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void SqliteDatabase::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path, SqliteMode mode,
                                            Micros busy_timeout) {
  int flags = mode == SqliteMode::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                             : SQLITE_OPEN_READONLY;
  sqlite3* handle = nullptr;
  int status = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteDatabase database(handle, path);
  if (status != SQLITE_OK) {
    return Error{code_of(status), "SQLite " + path + ": " + sqlite3_errstr(status), ""};
  }
  sqlite3_extended_result_codes(handle, 1);
  database.set_busy_timeout(busy_timeout);
  if (mode == SqliteMode::read_only) {
    // The first read shows whether the file is a database at all.
    WEIR_TRY(database.execute("SELECT count(*) FROM sqlite_schema"));
    return database;
  }
  WEIR_TRY(database.execute("PRAGMA journal_mode=WAL"));
  WEIR_TRY(database.execute("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"));
  return database;
}

Status SqliteDatabase::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return error_of(database_.get(), sql.substr(0, 80));
  }
  return {};
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  int status = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                  SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (status != SQLITE_OK) return error_of(database_.get(), sql.substr(0, 80));
  return SqliteStatement(statement);
}

void SqliteDatabase::set_busy_timeout(Micros timeout) {
  sqlite3_busy_timeout(database_.get(), timeout_ms(timeout));
}

std::int64_t SqliteDatabase::changes() const { return sqlite3_changes64(database_.get()); }

std::int64_t SqliteDatabase::last_insert_id() const {
  return sqlite3_last_insert_rowid(database_.get());
}

Result<SqliteTransaction> SqliteTransaction::begin(SqliteDatabase& database) {
  WEIR_TRY(database.execute("BEGIN IMMEDIATE"));
  return SqliteTransaction(database);
}

Result<SqliteTransaction> SqliteTransaction::begin_read(SqliteDatabase& database) {
  WEIR_TRY(database.execute("BEGIN"));
  return SqliteTransaction(database);
}

SqliteTransaction::~SqliteTransaction() { rollback(); }

Status SqliteTransaction::commit() {
  WEIR_CHECK(database_ != nullptr);
  Status committed = database_->execute("COMMIT");
  if (!committed) {
    rollback();
    return committed;
  }
  database_ = nullptr;
  return {};
}

void SqliteTransaction::rollback() {
  if (database_ == nullptr) return;
  // Fails when SQLite has rolled back by itself (disk full, I/O error): then nothing is left to do.
  Status ignored = database_->execute("ROLLBACK");
  static_cast<void>(ignored);
  database_ = nullptr;
}

}  // namespace weir
