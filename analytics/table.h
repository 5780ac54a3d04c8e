// An answer as a table: named, typed columns and rows of cells; written as JSON rows or as CSV.
#pragma once

#include "storage/duckdb/duck.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace weir {

/// Empty: null (CSV: an empty field).
using Cell = std::variant<std::monostate, Int128, double, bool, std::string>;

struct Table {
  enum class Kind { time, text, integer, real, boolean };  // time: microseconds, shown as RFC 3339
  struct Column {
    std::string name;
    Kind kind;
  };
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
};

/// `[{"time":"…","requests":3}, …]`.
std::string to_json(const Table& table);
/// RFC 4180: a header line, then the rows; fields quoted where they must be.
std::string to_csv(const Table& table);
/// At most six digits behind the point, no trailing zeros: "0.0125".
std::string format_real(double value);

}  // namespace weir
