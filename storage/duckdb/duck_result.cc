#include "storage/duckdb/duck.h"
#include "storage/duckdb/handles.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir {
namespace {

struct Prepared {
  duckdb_prepared_statement statement = nullptr;
  ~Prepared() { duckdb_destroy_prepare(&statement); }
};

duckdb_state bind(duckdb_prepared_statement statement, idx_t index, const DuckParameter& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return duckdb_bind_int64(statement, index, *number);
  }
  const auto& text = std::get<std::string>(value);
  return duckdb_bind_varchar_length(statement, index, text.data(), text.size());
}

}  // namespace

struct DuckResult::State {
  struct Column {
    duckdb_type type;
    duckdb_type physical;  // of a decimal or enum, else the type itself
    DuckType logical;
    std::string name;
  };
  duckdb_result result{};
  std::vector<duckdb_data_chunk> chunks;
  std::vector<std::size_t> ends;  // rows up to and with that chunk
  std::vector<Column> columns;

  ~State() {
    for (duckdb_data_chunk& chunk : chunks) duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
  }

  void describe() {
    for (idx_t i = 0; i < duckdb_column_count(&result); ++i) {
      duckdb_type type = duckdb_column_type(&result, i);
      DuckType logical(duckdb_column_logical_type(&result, i));
      duckdb_type physical = type;
      if (type == DUCKDB_TYPE_DECIMAL) {
        WEIR_CHECK(duckdb_decimal_scale(logical.get()) == 0);
        physical = duckdb_decimal_internal_type(logical.get());
      }
      columns.push_back({type, physical, std::move(logical), duckdb_column_name(&result, i)});
    }
  }

  void fetch() {
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
      chunks.push_back(chunk);
      ends.push_back((ends.empty() ? 0 : ends.back()) + duckdb_data_chunk_get_size(chunk));
    }
  }

  /// The vector that holds `row`, and the row's place in it.
  std::pair<duckdb_vector, idx_t> place(std::size_t row, std::size_t column) const {
    std::size_t chunk = 0;
    if (!ends.empty() && ends[0] > 0) chunk = row / ends[0];  // all but the last have one size
    chunk = std::min(chunk, ends.size() - 1);
    while (chunk > 0 && row < ends[chunk - 1]) --chunk;
    while (row >= ends[chunk]) ++chunk;
    std::size_t begin = chunk == 0 ? 0 : ends[chunk - 1];
    return {duckdb_data_chunk_get_vector(chunks[chunk], column), row - begin};
  }
};

DuckResult::DuckResult(std::unique_ptr<State> state) : state_(std::move(state)) {}
DuckResult::DuckResult(DuckResult&&) noexcept = default;
DuckResult& DuckResult::operator=(DuckResult&&) noexcept = default;
DuckResult::~DuckResult() = default;

std::size_t DuckResult::rows() const { return state_->ends.empty() ? 0 : state_->ends.back(); }
std::size_t DuckResult::columns() const { return state_->columns.size(); }
std::string DuckResult::name(std::size_t column) const { return state_->columns[column].name; }

bool DuckResult::is_null(std::size_t row, std::size_t column) const {
  auto [vector, index] = state_->place(row, column);
  std::uint64_t* validity = duckdb_vector_get_validity(vector);
  return validity != nullptr && !duckdb_validity_row_is_valid(validity, index);
}

Int128 DuckResult::integer128(std::size_t row, std::size_t column) const {
  auto [vector, index] = state_->place(row, column);
  const void* data = duckdb_vector_get_data(vector);
  switch (state_->columns[column].physical) {
    case DUCKDB_TYPE_BOOLEAN:
      return static_cast<const bool*>(data)[index] ? 1 : 0;
    case DUCKDB_TYPE_TINYINT:
      return static_cast<const std::int8_t*>(data)[index];
    case DUCKDB_TYPE_UTINYINT:
      return static_cast<const std::uint8_t*>(data)[index];
    case DUCKDB_TYPE_SMALLINT:
      return static_cast<const std::int16_t*>(data)[index];
    case DUCKDB_TYPE_USMALLINT:
      return static_cast<const std::uint16_t*>(data)[index];
    case DUCKDB_TYPE_INTEGER:
      return static_cast<const std::int32_t*>(data)[index];
    case DUCKDB_TYPE_UINTEGER:
      return static_cast<const std::uint32_t*>(data)[index];
    case DUCKDB_TYPE_BIGINT:
      return static_cast<const std::int64_t*>(data)[index];
    case DUCKDB_TYPE_UBIGINT:
      return static_cast<const std::uint64_t*>(data)[index];
    case DUCKDB_TYPE_HUGEINT: {
      const duckdb_hugeint& huge = static_cast<const duckdb_hugeint*>(data)[index];
      return static_cast<Int128>(huge.upper) * (static_cast<Int128>(1) << 64) +
             static_cast<Int128>(huge.lower);
    }
    default:
      break;
  }
  WEIR_CHECK(!"a column of integers");
}

std::int64_t DuckResult::integer(std::size_t row, std::size_t column) const {
  Int128 wide = integer128(row, column);
  auto value = static_cast<std::int64_t>(wide);
  WEIR_CHECK(static_cast<Int128>(value) == wide);
  return value;
}

std::string_view DuckResult::text(std::size_t row, std::size_t column) const {
  WEIR_CHECK(state_->columns[column].type == DUCKDB_TYPE_VARCHAR);
  auto [vector, index] = state_->place(row, column);
  auto* strings = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
  return {duckdb_string_t_data(&strings[index]), duckdb_string_t_length(strings[index])};
}

double DuckResult::real(std::size_t row, std::size_t column) const {
  WEIR_CHECK(state_->columns[column].type == DUCKDB_TYPE_DOUBLE);
  auto [vector, index] = state_->place(row, column);
  return static_cast<const double*>(duckdb_vector_get_data(vector))[index];
}

Result<DuckResult> DuckConnection::query(const std::string& sql,
                                         const std::vector<DuckParameter>& parameters,
                                         Deadline deadline) {
  if (deadline.passed()) return duck_error(DUCKDB_ERROR_INTERRUPT, "", true);
  DuckWatchdog::Guard guard(*state_->watchdog, state_->connection, deadline);
  Prepared prepared;
  if (duckdb_prepare(state_->connection, sql.c_str(), &prepared.statement) != DuckDBSuccess) {
    const char* what = duckdb_prepare_error(prepared.statement);
    return duck_error(DUCKDB_ERROR_INVALID, what == nullptr ? "cannot prepare" : what,
                      deadline.passed());
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (bind(prepared.statement, i + 1, parameters[i]) != DuckDBSuccess) {
      return Error{ErrorCode::invalid, "DuckDB: cannot bind parameter " + std::to_string(i + 1),
                   ""};
    }
  }
  auto answer = std::make_unique<DuckResult::State>();
  if (duckdb_execute_prepared(prepared.statement, &answer->result) != DuckDBSuccess) {
    const char* what = duckdb_result_error(&answer->result);
    return duck_error(duckdb_result_error_type(&answer->result), what == nullptr ? "failed" : what,
                      deadline.passed());
  }
  answer->describe();
  answer->fetch();
  return DuckResult(std::move(answer));
}

}  // namespace weir
