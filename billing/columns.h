// Rows as arrays, one a column, for `insert … select … from unnest($1, $2, …)`: one statement however
// many rows. The texts are views: what they point into outlives the statement.
#pragma once

#include "storage/postgres/connection.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir {

class TextColumn {
 public:
  void add(std::string_view value) { values_.push_back(value); }
  const std::vector<std::string_view>& values() const { return values_; }

 private:
  std::vector<std::string_view> values_;
};

class NumberColumn {
 public:
  void add(std::int64_t value) { values_.push_back(value); }
  const std::vector<std::int64_t>& values() const { return values_; }

 private:
  std::vector<std::int64_t> values_;
};

/// Binds each column, in order, as text[] or bigint[].
inline void bind(Params& params, const TextColumn& column) { params.texts(column.values()); }
inline void bind(Params& params, const NumberColumn& column) { params.integers(column.values()); }

template <class... Columns>
Params bind_all(const Columns&... columns) {
  Params params;
  (bind(params, columns), ...);
  return params;
}

}  // namespace weir
