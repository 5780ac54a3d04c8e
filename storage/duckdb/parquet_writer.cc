#include "storage/duckdb/parquet_writer.h"

#include "storage/duckdb/handles.h"
#include "storage/duckdb/vector_fill.h"

#include <algorithm>
#include <atomic>

namespace weir {
namespace {

struct Source {
  std::span<const ParquetColumn> columns;
  std::span<const std::uint32_t> rows;
};

struct Scan {
  const Source* source;
  std::vector<duckdb_type> physical;  // of each column
  std::size_t next = 0;
};

void bind(duckdb_bind_info info) {
  auto* state = static_cast<DuckConnection::State*>(duckdb_bind_get_extra_info(info));
  if (state->source == nullptr) {
    duckdb_bind_set_error(info, "nothing to read");
    return;
  }
  const auto* source = static_cast<const Source*>(state->source);
  auto* scan = new Scan{source, {}, 0};
  for (const ParquetColumn& column : source->columns) {
    DuckType type = type_of(column);
    duckdb_bind_add_result_column(info, column.name.c_str(), type.get());
    scan->physical.push_back(physical_type_of(type));
  }
  duckdb_bind_set_cardinality(info, source->rows.size(), true);
  duckdb_bind_set_bind_data(info, scan, [](void* data) { delete static_cast<Scan*>(data); });
}

// One thread reads, so the rows keep their order.
void init(duckdb_init_info info) { duckdb_init_set_max_threads(info, 1); }

void read_chunk(duckdb_function_info info, duckdb_data_chunk chunk) {
  auto* scan = static_cast<Scan*>(duckdb_function_get_bind_data(info));
  const Source& source = *scan->source;
  std::size_t count = std::min<std::size_t>(duckdb_vector_size(), source.rows.size() - scan->next);
  std::span<const std::uint32_t> rows = source.rows.subspan(scan->next, count);
  for (std::size_t i = 0; i < source.columns.size(); ++i) {
    fill_vector(duckdb_data_chunk_get_vector(chunk, i), source.columns[i], scan->physical[i], rows);
  }
  duckdb_data_chunk_set_size(chunk, count);
  scan->next += count;
}

Status register_function(DuckConnection::State& state) {
  if (!state.table_function.empty()) return {};
  duckdb_table_function function = duckdb_create_table_function();
  // Functions are known to the whole instance: each connection has one under a name of its own.
  static std::atomic<std::int64_t> next{0};
  std::string name = "weir_columns_" + std::to_string(next.fetch_add(1));
  duckdb_table_function_set_name(function, name.c_str());
  duckdb_table_function_set_extra_info(function, &state, nullptr);
  duckdb_table_function_set_bind(function, bind);
  duckdb_table_function_set_init(function, init);
  duckdb_table_function_set_function(function, read_chunk);
  duckdb_state registered = duckdb_register_table_function(state.connection, function);
  duckdb_destroy_table_function(&function);
  if (registered != DuckDBSuccess) {
    return Error{ErrorCode::integrity, "DuckDB: cannot register a table function", ""};
  }
  state.table_function = name;
  return {};
}

}  // namespace

std::string parquet_options() {
  return "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE " + std::to_string(kRowGroupRows) + ")";
}

Status write_parquet(DuckConnection& connection, const std::string& path,
                     std::span<const ParquetColumn> columns, std::span<const std::uint32_t> rows,
                     Deadline deadline) {
  DuckConnection::State& state = connection.state();
  WEIR_TRY(register_function(state));
  Source source{columns, rows};
  state.source = &source;
  Status written = connection.execute("COPY (SELECT * FROM " + state.table_function + "()) TO " +
                                          sql_quote(path) + " " + parquet_options(),
                                      deadline);
  state.source = nullptr;
  return written;
}

}  // namespace weir
