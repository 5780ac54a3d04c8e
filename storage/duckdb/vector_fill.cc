#include "storage/duckdb/vector_fill.h"

#include <string>
#include <string_view>

namespace weir {
namespace {

using Rows = std::span<const std::uint32_t>;

DuckType plain(duckdb_type type) { return DuckType(duckdb_create_logical_type(type)); }

DuckType enum_of(std::span<const std::string_view> texts) {
  if (texts.empty()) return plain(DUCKDB_TYPE_VARCHAR);  // a column without rows
  std::vector<std::string> terminated(texts.begin(), texts.end());
  std::vector<const char*> names;
  names.reserve(terminated.size());
  for (const std::string& text : terminated) names.push_back(text.c_str());
  return DuckType(duckdb_create_enum_type(names.data(), names.size()));
}

template <class To, class From>
void copy(duckdb_vector vector, std::span<const From> values, Rows rows) {
  auto* data = static_cast<To*>(duckdb_vector_get_data(vector));
  for (std::size_t i = 0; i < rows.size(); ++i) data[i] = static_cast<To>(values[rows[i]]);
}

template <class T>
void set_nulls(duckdb_vector vector, std::span<const T> values, std::optional<T> null, Rows rows) {
  if (!null) return;
  std::uint64_t* validity = nullptr;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (values[rows[i]] != *null) continue;
    if (validity == nullptr) {
      duckdb_vector_ensure_validity_writable(vector);
      validity = duckdb_vector_get_validity(vector);
    }
    duckdb_validity_set_row_invalid(validity, i);
  }
}

void copy_codes(duckdb_vector vector, std::span<const std::uint32_t> codes, duckdb_type physical,
                Rows rows) {
  switch (physical) {
    case DUCKDB_TYPE_UTINYINT:
      return copy<std::uint8_t>(vector, codes, rows);
    case DUCKDB_TYPE_USMALLINT:
      return copy<std::uint16_t>(vector, codes, rows);
    case DUCKDB_TYPE_UINTEGER:
      return copy<std::uint32_t>(vector, codes, rows);
    default:
      WEIR_CHECK(!"the code type of an enum");
  }
}

void fill(duckdb_vector vector, const Codes& column, duckdb_type physical, Rows rows) {
  copy_codes(vector, column.codes, physical, rows);
}

void fill(duckdb_vector vector, const Texts& column, duckdb_type, Rows rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::uint32_t row = rows[i];
    std::uint32_t begin = row == 0 ? 0 : column.ends[row - 1];
    duckdb_vector_assign_string_element_len(vector, i, column.bytes.data() + begin,
                                            column.ends[row] - begin);
  }
}

void fill(duckdb_vector vector, const Int64s& column, duckdb_type, Rows rows) {
  copy<std::int64_t>(vector, column.values, rows);
  set_nulls(vector, column.values, column.null, rows);
}

void fill(duckdb_vector vector, const UInt16s& column, duckdb_type, Rows rows) {
  copy<std::uint16_t>(vector, column.values, rows);
  set_nulls(vector, column.values, column.null, rows);
}

void fill(duckdb_vector vector, const Int32s& column, duckdb_type, Rows rows) {
  copy<std::int32_t>(vector, column.values, rows);
}

void fill(duckdb_vector vector, const Bools& column, duckdb_type, Rows rows) {
  auto* data = static_cast<bool*>(duckdb_vector_get_data(vector));
  for (std::size_t i = 0; i < rows.size(); ++i) data[i] = column.values[rows[i]] != 0;
}

void fill(duckdb_vector vector, const Int128s& column, duckdb_type, Rows rows) {
  auto* data = static_cast<duckdb_hugeint*>(duckdb_vector_get_data(vector));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Int128 value = column.values[rows[i]];
    data[i] = {static_cast<std::uint64_t>(value), static_cast<std::int64_t>(value >> 64)};
  }
}

void fill(duckdb_vector vector, const Maps& column, duckdb_type, Rows rows) {
  auto begin_of = [&](std::uint32_t row) { return row == 0 ? 0 : column.ends[row - 1]; };
  std::vector<std::uint32_t> entries;
  auto* lists = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    lists[i] = {entries.size(), column.ends[rows[i]] - begin_of(rows[i])};
    for (std::uint32_t e = begin_of(rows[i]); e < column.ends[rows[i]]; ++e) entries.push_back(e);
  }
  duckdb_list_vector_reserve(vector, entries.size());
  duckdb_list_vector_set_size(vector, entries.size());
  if (entries.empty()) return;
  duckdb_vector pairs = duckdb_list_vector_get_child(vector);
  duckdb_vector keys = duckdb_struct_vector_get_child(pairs, 0);
  DuckType key_type(duckdb_vector_get_column_type(keys));
  copy_codes(keys, column.key_codes, duckdb_enum_internal_type(key_type.get()), entries);
  copy<std::int64_t>(duckdb_struct_vector_get_child(pairs, 1), column.values, entries);
}

DuckType type_for(const Codes& column) { return enum_of(column.texts); }
DuckType type_for(const Texts&) { return plain(DUCKDB_TYPE_VARCHAR); }
DuckType type_for(const Int64s&) { return plain(DUCKDB_TYPE_BIGINT); }
DuckType type_for(const Int32s&) { return plain(DUCKDB_TYPE_INTEGER); }
DuckType type_for(const UInt16s&) { return plain(DUCKDB_TYPE_USMALLINT); }
DuckType type_for(const Bools&) { return plain(DUCKDB_TYPE_BOOLEAN); }
DuckType type_for(const Int128s&) { return DuckType(duckdb_create_decimal_type(38, 0)); }
DuckType type_for(const Maps& column) {
  DuckType key = enum_of(column.key_texts);
  DuckType value = plain(DUCKDB_TYPE_BIGINT);
  return DuckType(duckdb_create_map_type(key.get(), value.get()));
}

}  // namespace

DuckType type_of(const ParquetColumn& column) {
  return std::visit([](const auto& source) { return type_for(source); }, column.source);
}

duckdb_type physical_type_of(const DuckType& type) {
  duckdb_type id = duckdb_get_type_id(type.get());
  return id == DUCKDB_TYPE_ENUM ? duckdb_enum_internal_type(type.get()) : id;
}

void fill_vector(duckdb_vector vector, const ParquetColumn& column, duckdb_type physical,
                 std::span<const std::uint32_t> rows) {
  std::visit([&](const auto& source) { fill(vector, source, physical, rows); }, column.source);
}

}  // namespace weir
