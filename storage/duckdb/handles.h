// The raw handles behind DuckDb and DuckConnection. For this folder's .cc files only.
#pragma once

#include "duckdb.h"
#include "storage/duckdb/duck.h"
#include "storage/duckdb/watchdog.h"

#include <memory>
#include <string>

namespace weir {

struct DuckDb::State {
  duckdb_database database = nullptr;
  DuckWatchdog watchdog;
  ~State() { duckdb_close(&database); }
};

struct DuckConnection::State {
  duckdb_connection connection = nullptr;
  DuckWatchdog* watchdog = nullptr;
  std::string table_function;    // its own, once parquet_writer.cc has registered it
  const void* source = nullptr;  // what that reads, while a write runs
  ~State() { duckdb_disconnect(&connection); }
};

/// DuckDB's message as an Error; `late` when the deadline has passed.
Error duck_error(duckdb_error_type type, const std::string& message, bool late);

class DuckType {
 public:
  explicit DuckType(duckdb_logical_type type) : type_(type) {}
  DuckType(DuckType&& other) noexcept : type_(other.type_) { other.type_ = nullptr; }
  DuckType& operator=(DuckType&&) = delete;
  ~DuckType() {
    if (type_ != nullptr) duckdb_destroy_logical_type(&type_);
  }
  duckdb_logical_type get() const { return type_; }

 private:
  duckdb_logical_type type_;
};

}  // namespace weir
