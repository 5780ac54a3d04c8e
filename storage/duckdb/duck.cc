#include "storage/duckdb/duck.h"

#include "storage/duckdb/handles.h"

#include <utility>

namespace weir {
namespace {

std::string list_of(const std::vector<std::string>& folders) {
  std::string list = "[";
  for (const std::string& folder : folders) {
    if (list.size() > 1) list += ", ";
    list += sql_quote(folder.ends_with('/') ? folder : folder + "/");
  }
  return list + "]";
}

Status check_library() {
  std::string version = duckdb_library_version();
  if (version == kDuckDbVersion) return {};
  return Error{
      ErrorCode::config,
      "the DuckDB library is " + version + "; this build needs " + std::string(kDuckDbVersion),
      "run ./weir setup"};
}

std::vector<std::string> settings_of(const DuckOptions& options) {
  std::vector<std::string> settings = {
      "SET threads = " + std::to_string(options.threads),
      "SET memory_limit = '" + std::to_string(options.memory_bytes_max) + "B'",
      "SET temp_directory = " + sql_quote(options.temp_folder),
      "SET autoinstall_known_extensions = false",
      "SET autoload_known_extensions = false",
      "SET enable_progress_bar = false",
      "SET preserve_insertion_order = true",
  };
  if (!options.temp_folder.empty()) {
    settings.push_back("SET max_temp_directory_size = '" + std::to_string(options.temp_bytes_max) +
                       "B'");
  }
  if (!options.confined) return settings;
  // allowed_directories can no longer be set once external access is off.
  settings.push_back("SET allowed_directories = " + list_of(options.folders));
  settings.push_back("SET enable_external_access = false");
  settings.push_back("SET lock_configuration = true");
  return settings;
}

}  // namespace

std::string sql_quote(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  return quoted + "'";
}

std::string to_text(Int128 value) {
  if (value == 0) return "0";
  bool negative = value < 0;
  std::string digits;
  for (Int128 left = value; left != 0; left /= 10) {
    int digit = static_cast<int>(left % 10);
    digits.insert(digits.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  return negative ? "-" + digits : digits;
}

Error duck_error(duckdb_error_type type, const std::string& message, bool late) {
  if (late || type == DUCKDB_ERROR_INTERRUPT) {
    return Error{ErrorCode::unavailable, "DuckDB: the deadline passed", "ask for less at a time"};
  }
  std::string what = "DuckDB: " + message.substr(0, 500);
  if (message.find("No space left") != std::string::npos) return {ErrorCode::full, what, ""};
  switch (type) {
    case DUCKDB_ERROR_FATAL:
    case DUCKDB_ERROR_INTERNAL:
      return {ErrorCode::integrity, what, ""};
    case DUCKDB_ERROR_OUT_OF_MEMORY:
    case DUCKDB_ERROR_IO:
      return {ErrorCode::unavailable, what, ""};
    default:
      return {ErrorCode::invalid, what, ""};
  }
}

DuckDb::DuckDb(std::unique_ptr<State> state) : state_(std::move(state)) {}
DuckDb::DuckDb(DuckDb&&) noexcept = default;
DuckDb& DuckDb::operator=(DuckDb&&) noexcept = default;
DuckDb::~DuckDb() = default;

Result<DuckDb> DuckDb::open(const DuckOptions& options) {
  WEIR_TRY(check_library());
  auto state = std::make_unique<State>();
  char* fault = nullptr;
  if (duckdb_open_ext(nullptr, &state->database, nullptr, &fault) != DuckDBSuccess) {
    std::string what = fault == nullptr ? "cannot open" : fault;
    duckdb_free(fault);
    return Error{ErrorCode::unavailable, "DuckDB: " + what, ""};
  }
  DuckDb database(std::move(state));
  Result<DuckConnection> connection = database.connect();
  if (!connection) return connection.error();
  for (const std::string& setting : settings_of(options)) {
    WEIR_TRY(connection->execute(setting, Deadline::in(std::chrono::seconds(10))));
  }
  return database;
}

Result<DuckConnection> DuckDb::connect() {
  auto state = std::make_unique<DuckConnection::State>();
  state->watchdog = &state_->watchdog;
  if (duckdb_connect(state_->database, &state->connection) != DuckDBSuccess) {
    return Error{ErrorCode::unavailable, "DuckDB: cannot connect", ""};
  }
  return DuckConnection(std::move(state));
}

DuckConnection::DuckConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
DuckConnection::DuckConnection(DuckConnection&&) noexcept = default;
DuckConnection& DuckConnection::operator=(DuckConnection&&) noexcept = default;
DuckConnection::~DuckConnection() = default;

Status DuckConnection::execute(const std::string& sql, Deadline deadline) {
  Result<DuckResult> done = query(sql, {}, deadline);
  if (!done) return done.error();
  return {};
}

}  // namespace weir
