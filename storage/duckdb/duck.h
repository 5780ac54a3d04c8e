// DuckDB's C API as RAII: an instance in memory, connections, queries with a deadline.
//
// Nothing is ever kept in a DuckDB file: an instance holds no tables, it reads and writes Parquet.
// An instance that serves users is `confined`: after opening it reads no file outside `folders`,
// loads no extension, and its configuration is locked.
//
//   Result<DuckDb> db = DuckDb::open(options);
//   Result<DuckConnection> connection = db->connect();
//   Result<DuckResult> rows = connection->query("SELECT a FROM t WHERE b = $1", {{"x"}}, deadline);
//   for (std::size_t row = 0; row < rows->rows(); ++row) use(rows->integer(row, 0));
//
// Errors: `unavailable` (deadline passed, out of memory, I/O), `full` (temporary or target disk),
// `config` (wrong library), `integrity` (the instance broke; make a new one), else `invalid`.
// Threads: an instance any; a connection and its results one at a time.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir {

/// Sums of 64-bit numbers do not fit 64 bits.
__extension__ using Int128 = __int128;
std::string to_text(Int128 value);

struct DuckOptions {
  std::int64_t threads = 1;
  std::int64_t memory_bytes_max = 512 << 20;
  std::string temp_folder;  // where large sorts spill; empty: nowhere
  std::int64_t temp_bytes_max = 1 << 30;
  bool confined = false;
  std::vector<std::string> folders;  // that a confined instance may read
};

/// The version that this build was made for, as duckdb_library_version() says it.
inline constexpr std::string_view kDuckDbVersion = "v1.5.6";

/// All rows of an answer, in memory.
class DuckResult {
 public:
  ~DuckResult();
  DuckResult(DuckResult&&) noexcept;
  DuckResult& operator=(DuckResult&&) noexcept;

  std::size_t rows() const;
  std::size_t columns() const;
  std::string name(std::size_t column) const;
  bool is_null(std::size_t row, std::size_t column) const;
  /// Of an integer, boolean or DECIMAL(n, 0) column; must not be null.
  Int128 integer128(std::size_t row, std::size_t column) const;
  /// The same, which must fit.
  std::int64_t integer(std::size_t row, std::size_t column) const;
  /// Of a VARCHAR column; the view lives as long as the result.
  std::string_view text(std::size_t row, std::size_t column) const;
  /// Of a DOUBLE column.
  double real(std::size_t row, std::size_t column) const;

 private:
  friend class DuckConnection;
  struct State;
  explicit DuckResult(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

using DuckParameter = std::variant<std::int64_t, std::string>;

class DuckConnection {
 public:
  ~DuckConnection();
  DuckConnection(DuckConnection&&) noexcept;
  DuckConnection& operator=(DuckConnection&&) noexcept;

  /// One statement with $1, $2, … bound to `parameters`; it is interrupted at the deadline.
  Result<DuckResult> query(const std::string& sql, const std::vector<DuckParameter>& parameters,
                           Deadline deadline);
  Status execute(const std::string& sql, Deadline deadline);

  struct State;
  State& state() { return *state_; }

 private:
  friend class DuckDb;
  explicit DuckConnection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class DuckDb {
 public:
  static Result<DuckDb> open(const DuckOptions& options);
  ~DuckDb();
  DuckDb(DuckDb&&) noexcept;
  DuckDb& operator=(DuckDb&&) noexcept;

  /// A connection must not outlive its instance. Cheap: one a request.
  Result<DuckConnection> connect();

 private:
  struct State;
  explicit DuckDb(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// `text` as an SQL string literal, quotes included.
std::string sql_quote(std::string_view text);

}  // namespace weir
