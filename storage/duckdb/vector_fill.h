// Writes rows of a ParquetColumn into a DuckDB vector. For this folder's .cc files only.
#pragma once

#include "duckdb.h"
#include "storage/duckdb/handles.h"
#include "storage/duckdb/parquet_writer.h"

#include <cstdint>
#include <span>

namespace weir {

DuckType type_of(const ParquetColumn& column);
/// What the vector's memory holds: of an ENUM its code type, else the type itself.
duckdb_type physical_type_of(const DuckType& type);
/// vector[i] = column[rows[i]] for every i; `physical` is that of the column's type.
void fill_vector(duckdb_vector vector, const ParquetColumn& column, duckdb_type physical,
                 std::span<const std::uint32_t> rows);

}  // namespace weir
