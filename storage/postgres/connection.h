// One connection to PostgreSQL, over libpq's asynchronous calls.
//
// Every call takes a deadline and keeps it, whatever the server does: the socket is non-blocking
// and waited for with poll(), so a server that is frozen (it still acknowledges TCP) costs the
// deadline and no more. A connection that missed a deadline or lost its socket is broken() for
// good: throw it away (the pool does) and open another. Nothing reconnects by itself, since that
// would silently lose settings, prepared statements and locks.
//
// Session: READ COMMITTED, synchronous_commit on, UTC, statement_timeout, lock_timeout and
// idle_in_transaction_session_timeout as set in the options; a replica is refused unless allowed.
//
// Errors by code:
//   unavailable  nothing was written, the same work may be tried again: refused, lost, timed out,
//                deadlock, serialization, shutting down, too many connections
//   in_doubt     of commit() alone: the reply was lost; read back before anything else
//   conflict     a unique constraint was hit
//   full         the server's disk is full
//   denied       credentials or rights; `config` for a database, schema or table that is not there
//   invalid      a value that the column cannot hold
//   integrity    all else: a constraint or a statement that is a bug, damaged data
// The text bears the SQLSTATE and never a parameter's value. Threads: one at a time.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

struct PostgresOptions {
  std::string conninfo;          // libpq's "host=... port=... dbname=... user=..." or a URI
  std::string application_name;  // as pg_stat_activity shows it
  Micros connect_timeout = std::chrono::seconds(5);
  Micros statement_timeout = std::chrono::seconds(30);
  Micros lock_timeout = std::chrono::seconds(10);
  Micros idle_in_transaction_timeout = std::chrono::seconds(60);
  bool primary_only = true;  // refuse a server that is in recovery
  std::size_t pool_max = 4;  // connections of one Database
};

/// The values of a statement's $1, $2, …, in order.
class Params {
 public:
  Params& text(std::string_view value);
  Params& integer(std::int64_t value);
  Params& boolean(bool value);
  Params& bytes(std::string_view value);  // bytea
  Params& null();
  Params& texts(std::span<const std::string_view> values);  // text[]
  Params& integers(std::span<const std::int64_t> values);   // bigint[]
  /// bytea[], each one whole.
  Params& bytes_array(std::span<const std::string_view> values);
  std::size_t size() const { return values_.size(); }

 private:
  friend class Connection;
  struct Value {
    std::string bytes;
    bool null = false;
    bool binary = false;
  };
  std::vector<Value> values_;
};

/// What a statement returned. Cheap to copy; outlives its connection.
class Rows {
 public:
  Rows() = default;
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Rows that an INSERT, UPDATE or DELETE touched.
  std::int64_t affected() const { return affected_; }
  bool null(std::size_t row, int column) const;
  /// The column as text; "" when null. Lives as long as this.
  std::string_view text(std::size_t row, int column) const;
  /// A whole number of a bigint, int or boolean (0, 1) column; must not be null.
  std::int64_t integer(std::size_t row, int column) const;
  std::string bytes(std::size_t row, int column) const;  // of a bytea column

 private:
  friend class Connection;
  std::shared_ptr<void> result_;
  std::size_t size_ = 0;
  std::int64_t affected_ = 0;
};

/// Rows for Connection::copy_in, in COPY's binary form: begin each row, then give its columns in order.
class CopyRows {
 public:
  CopyRows();
  /// Columns of each row; as many values must follow each row().
  CopyRows& row(std::int16_t columns);
  CopyRows& text(std::string_view value);
  CopyRows& integer(std::int64_t value);  // of a bigint column
  bool empty() const { return empty_; }

 private:
  friend class Connection;
  std::string bytes_;
  bool empty_ = true;
};

class Connection {
 public:
  static Result<Connection> open(const PostgresOptions& options, Deadline deadline);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// One statement with parameters; prepared at its first use, by its text. Outside a transaction
  /// for reads only: a write whose reply is lost is reported as `unavailable`.
  Result<Rows> run(std::string_view sql, const Params& params, Deadline deadline);
  Result<Rows> run(std::string_view sql, Deadline deadline) { return run(sql, Params(), deadline); }
  /// Several statements separated by semicolons, without parameters: migrations.
  Status script(const std::string& sql, Deadline deadline);
  /// "COPY table (columns) FROM STDIN (FORMAT binary)", the fastest way in for very many rows; within
  /// a transaction. Memory: the rows, and what the socket has not taken of at most 256 KiB more.
  Status copy_in(const std::string& sql, const CopyRows& rows, Deadline deadline);

  Status begin(Deadline deadline);
  /// `in_doubt` when the reply was lost. Any other error: nothing was written.
  Status commit(Deadline deadline);
  /// Never waits long: a connection that cannot roll back within a second is broken, and the server
  /// rolls back.
  void rollback();

  bool broken() const;
  /// For a connection at rest, without waiting: has the server closed it meanwhile? Then it is broken.
  void look();
  bool in_transaction() const;
  /// "127.0.0.1:5433/weir", for messages; never a password.
  const std::string& place() const;
  int backend_pid() const;

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A transaction that rolls back unless committed.
///
///   Result<Transaction> tx = Transaction::begin(connection, deadline);
///   Result<Rows> rows = tx->run("update ...", Params().integer(1), deadline);
///   return tx->commit(deadline);
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection, Deadline deadline);
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Result<Rows> run(std::string_view sql, const Params& params, Deadline deadline) {
    return connection_->run(sql, params, deadline);
  }
  Result<Rows> run(std::string_view sql, Deadline deadline) {
    return connection_->run(sql, deadline);
  }
  Status commit(Deadline deadline);
  Connection& connection() { return *connection_; }

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace weir
