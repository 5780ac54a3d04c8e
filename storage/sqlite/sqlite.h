// SQLite with its handles as RAII: a database connection, a prepared statement, a transaction.
//
// Writers open `read_write`: WAL, synchronous=FULL (a committed transaction survives a power cut),
// foreign keys on. Readers in other processes open `read_only` and see the last commit. One write
// transaction at a time for all processes of the host: Transaction::begin takes the write lock at
// once (BEGIN IMMEDIATE) and waits for it at most busy_timeout.
//
//   Result<SqliteDatabase> db = SqliteDatabase::open(path, SqliteMode::read_write, 5s);
//   Result<SqliteStatement> find = db->prepare("SELECT next FROM progress WHERE partition = ?1");
//   find->bind(1, 3);
//   Result<bool> row = find->step();           // true: there is a row
//   std::int64_t next = find->integer(0);
//
// Errors: `unavailable` (locked for too long, I/O), `full` (disk), `not_found` (no such file),
// `denied` (read-only place), `conflict` (constraint), `integrity` (damaged file), else `invalid`.
// Threads: a connection and its statements belong to one thread at a time.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace weir {

enum class SqliteMode { read_write, read_only };

/// A prepared statement; must not outlive its database. Texts and blobs that it returns live until
/// the next step() or reset().
class SqliteStatement {
 public:
  void bind(int index, std::int64_t value);
  void bind(int index, int value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, std::string_view text);  // copied
  void bind_blob(int index, std::string_view bytes);
  void bind_null(int index);

  /// true: a row is there; false: done.
  Result<bool> step();
  /// step() to the end of a statement that returns nothing, then reset().
  Status run();
  /// Ready for other parameters; bindings are cleared.
  void reset();

  std::int64_t integer(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;
  bool is_null(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteDatabase {
 public:
  static Result<SqliteDatabase> open(const std::string& path, SqliteMode mode, Micros busy_timeout);

  /// One or more statements without parameters or rows.
  Status execute(const std::string& sql);
  Result<SqliteStatement> prepare(std::string_view sql);
  /// How long a statement waits for a lock that another process holds.
  void set_busy_timeout(Micros timeout);
  /// Rows that the last INSERT, UPDATE or DELETE changed.
  std::int64_t changes() const;
  std::int64_t last_insert_id() const;
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  SqliteDatabase(sqlite3* database, std::string path)
      : database_(database), path_(std::move(path)) {}
  std::unique_ptr<sqlite3, Close> database_;
  std::string path_;
};

/// Rolls back unless committed.
class SqliteTransaction {
 public:
  /// Takes the write lock. Error `unavailable` when another process holds it for too long.
  static Result<SqliteTransaction> begin(SqliteDatabase& database);
  /// One state of the database for several reads.
  static Result<SqliteTransaction> begin_read(SqliteDatabase& database);
  SqliteTransaction(SqliteTransaction&& other) noexcept : database_(other.database_) {
    other.database_ = nullptr;
  }
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();
  /// On error the transaction is rolled back, or in doubt when the disk failed: read back.
  Status commit();
  void rollback();

 private:
  explicit SqliteTransaction(SqliteDatabase& database) : database_(&database) {}
  SqliteDatabase* database_;
};

}  // namespace weir
