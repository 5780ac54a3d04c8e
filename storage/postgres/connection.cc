#include "storage/postgres/connection.h"

#include "storage/postgres/sqlstate.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <libpq-fe.h>
#include <poll.h>
#include <unordered_map>

namespace weir {
namespace {

struct FinishConnection {
  void operator()(PGconn* raw) const { PQfinish(raw); }
};
using RawConnection = std::unique_ptr<PGconn, FinishConnection>;

struct ClearResult {
  void operator()(PGresult* raw) const { PQclear(raw); }
};
using RawResult = std::unique_ptr<PGresult, ClearResult>;

/// Waits until the socket can be read (or written, when asked); false when the deadline passed.
bool wait_for_socket(int socket, bool write, Deadline deadline) {
  while (true) {
    pollfd entry{socket, static_cast<short>(POLLIN | (write ? POLLOUT : 0)), 0};
    const auto left_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline.left()).count();
    const int ready =
        ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left_ms + 1, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // let libpq find out what is wrong
    if (deadline.passed()) return false;
  }
}

std::string first_line(const char* text) {
  std::string_view view(text == nullptr ? "" : text);
  view = view.substr(0, view.find('\n'));
  return std::string(view);
}

std::string milliseconds(Micros duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

std::string session_settings(const PostgresOptions& options) {
  return "SET statement_timeout = " + milliseconds(options.statement_timeout) +
         "; SET lock_timeout = " + milliseconds(options.lock_timeout) +
         "; SET idle_in_transaction_session_timeout = " +
         milliseconds(options.idle_in_transaction_timeout) +
         "; SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'"
         "; SET TIME ZONE 'UTC'; SET client_min_messages = warning";
}

}  // namespace

struct Connection::State {
  RawConnection raw;
  std::string place;
  bool broken = false;
  bool in_transaction = false;
  std::unordered_map<std::string, std::string> prepared;  // statement text → name

  Error lost(std::string_view what) {
    broken = true;
    return Error{ErrorCode::unavailable, "PostgreSQL at " + place + ": " + std::string(what), ""};
  }
  Status connect(Deadline deadline);
  Status flush(Deadline deadline);
  Result<RawResult> next_result(Deadline deadline);
  Result<RawResult> finish_call(Deadline deadline);
  Status prepare(const std::string& name, std::string_view sql, Deadline deadline);
  Error error_of(const PGresult* result);
  Status simple(const std::string& sql, Deadline deadline);
  Status put(std::string_view bytes, Deadline deadline);
};

Status Connection::State::connect(Deadline deadline) {
  while (true) {
    const PostgresPollingStatusType step = PQconnectPoll(raw.get());
    if (step == PGRES_POLLING_OK) return Status();
    if (step == PGRES_POLLING_FAILED) {
      const std::string what = first_line(PQerrorMessage(raw.get()));
      broken = true;
      ErrorCode code = ErrorCode::unavailable;
      if (what.find("authentication failed") != std::string::npos ||
          what.find("no pg_hba.conf entry") != std::string::npos) {
        code = ErrorCode::denied;
      } else if (what.find("database \"") != std::string::npos &&
                 what.find("does not exist") != std::string::npos) {
        code = ErrorCode::config;
      }
      return Error{code, "PostgreSQL at " + place + ": " + what, ""};
    }
    if (!wait_for_socket(PQsocket(raw.get()), step == PGRES_POLLING_WRITING, deadline)) {
      return lost("no answer to the connection attempt in time");
    }
  }
}

Status Connection::State::flush(Deadline deadline) {
  while (true) {
    const int left = PQflush(raw.get());
    if (left == 0) return Status();
    if (left < 0) return lost(first_line(PQerrorMessage(raw.get())));
    if (!wait_for_socket(PQsocket(raw.get()), true, deadline)) return lost("not reading in time");
    if (PQconsumeInput(raw.get()) == 0) return lost(first_line(PQerrorMessage(raw.get())));
  }
}

/// The next result of the running call; null behind the last.
Result<RawResult> Connection::State::next_result(Deadline deadline) {
  while (PQisBusy(raw.get()) != 0) {
    if (!wait_for_socket(PQsocket(raw.get()), false, deadline)) {
      return lost("no answer in time (a frozen or overloaded server)");
    }
    if (PQconsumeInput(raw.get()) == 0) return lost(first_line(PQerrorMessage(raw.get())));
  }
  return RawResult(PQgetResult(raw.get()));
}

/// Sends what was queued and gives the last result; the first failed one counts as the last.
Result<RawResult> Connection::State::finish_call(Deadline deadline) {
  WEIR_TRY(flush(deadline));
  RawResult kept;
  while (true) {
    Result<RawResult> next = next_result(deadline);
    if (!next) return std::move(next).error();
    if (*next == nullptr) break;
    const bool failed = kept && PQresultStatus(kept.get()) == PGRES_FATAL_ERROR;
    if (!failed) kept = *std::move(next);
  }
  if (!kept) return lost("no result");
  const ExecStatusType status = PQresultStatus(kept.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return kept;
  return error_of(kept.get());
}

Error Connection::State::error_of(const PGresult* result) {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string sqlstate = field == nullptr ? "" : field;
  if (PQstatus(raw.get()) != CONNECTION_OK || sqlstate.empty()) broken = true;
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  std::string what = "PostgreSQL at " + place + ": " +
                     first_line(primary == nullptr ? PQresultErrorMessage(result) : primary);
  if (!sqlstate.empty()) what += " [" + sqlstate + "]";
  const char* hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
  return Error{error_code_of_sqlstate(sqlstate), std::move(what), hint == nullptr ? "" : hint};
}

Status Connection::State::prepare(const std::string& name, std::string_view sql,
                                  Deadline deadline) {
  if (PQsendPrepare(raw.get(), name.c_str(), std::string(sql).c_str(), 0, nullptr) == 0) {
    return lost(first_line(PQerrorMessage(raw.get())));
  }
  WEIR_TRY(finish_call(deadline));
  return Status();
}

Status Connection::State::simple(const std::string& sql, Deadline deadline) {
  if (broken) return lost("the connection was given up");
  if (PQsendQuery(raw.get(), sql.c_str()) == 0) {
    return lost(first_line(PQerrorMessage(raw.get())));
  }
  WEIR_TRY(finish_call(deadline));
  return Status();
}

/// COPY's data, in pieces, so that what libpq keeps for a slow socket stays small.
Status Connection::State::put(std::string_view bytes, Deadline deadline) {
  constexpr std::size_t kPiece = 256u << 10;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPiece);
    const int taken = PQputCopyData(raw.get(), piece.data(), static_cast<int>(piece.size()));
    if (taken < 0) return lost(first_line(PQerrorMessage(raw.get())));
    if (taken > 0) bytes.remove_prefix(piece.size());
    WEIR_TRY(flush(deadline));
  }
  return {};
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(const PostgresOptions& options, Deadline deadline) {
  const Deadline own =
      deadline.left() < options.connect_timeout ? deadline : Deadline::in(options.connect_timeout);
  auto state = std::make_unique<State>();
  const char* const names[] = {"dbname", "application_name", "client_encoding", nullptr};
  const char* const values[] = {options.conninfo.c_str(), options.application_name.c_str(), "UTF8",
                                nullptr};
  state->raw.reset(PQconnectStartParams(names, values, 1));
  PGconn* raw = state->raw.get();
  WEIR_CHECK(raw != nullptr);
  const auto part = [](const char* text) { return std::string(text == nullptr ? "" : text); };
  state->place = part(PQhost(raw)) + ":" + part(PQport(raw)) + "/" + part(PQdb(raw));
  if (PQstatus(raw) == CONNECTION_BAD) {
    const std::string what = first_line(PQerrorMessage(raw));
    const bool syntax = PQsocket(raw) < 0 && what.find("missing \"=\"") != std::string::npos;
    return Error{syntax ? ErrorCode::config : ErrorCode::unavailable,
                 syntax ? "the connection string cannot be read"
                        : "PostgreSQL at " + state->place + ": " + what,
                 ""};
  }
  PQsetnonblocking(raw, 1);
  WEIR_TRY(state->connect(own));
  PQsetnonblocking(raw, 1);
  WEIR_TRY(state->simple(session_settings(options), own));
  Connection connection(std::move(state));
  if (!options.primary_only) return connection;
  Result<Rows> replica = connection.run("SELECT pg_is_in_recovery()", own);
  if (!replica) return std::move(replica).error();
  if (replica->text(0, 0) == "t") {
    return Error{ErrorCode::unavailable,
                 "PostgreSQL at " + connection.place() + " is a replica, not the primary",
                 "point the connection string at the primary"};
  }
  return connection;
}

Result<Rows> Connection::run(std::string_view sql, const Params& params, Deadline deadline) {
  State& state = *state_;
  if (state.broken) return state.lost("the connection was given up");
  auto [entry, fresh] = state.prepared.try_emplace(std::string(sql), "");
  if (fresh) {
    const std::string name = "s" + std::to_string(state.prepared.size());
    if (Status prepared = state.prepare(name, sql, deadline); !prepared) {
      state.prepared.erase(entry);
      return prepared.error();
    }
    entry->second = name;
  }
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
  for (const Params::Value& value : params.values_) {
    values.push_back(value.null ? nullptr : value.bytes.c_str());
    lengths.push_back(static_cast<int>(value.bytes.size()));
    formats.push_back(value.binary ? 1 : 0);
  }
  if (PQsendQueryPrepared(state.raw.get(), entry->second.c_str(), static_cast<int>(values.size()),
                          values.data(), lengths.data(), formats.data(), 0) == 0) {
    return state.lost(first_line(PQerrorMessage(state.raw.get())));
  }
  Result<RawResult> result = state.finish_call(deadline);
  if (!result) return std::move(result).error();
  Rows rows;
  PGresult* raw = result->release();
  rows.result_ = std::shared_ptr<void>(raw, [](void* r) { PQclear(static_cast<PGresult*>(r)); });
  rows.size_ = static_cast<std::size_t>(PQntuples(raw));
  rows.affected_ = std::strtoll(PQcmdTuples(raw), nullptr, 10);
  return rows;
}

Status Connection::script(const std::string& sql, Deadline deadline) {
  return state_->simple(sql, deadline);
}

Status Connection::copy_in(const std::string& sql, const CopyRows& rows, Deadline deadline) {
  State& state = *state_;
  if (state.broken) return state.lost("the connection was given up");
  if (PQsendQuery(state.raw.get(), sql.c_str()) == 0) {
    return state.lost(first_line(PQerrorMessage(state.raw.get())));
  }
  WEIR_TRY(state.flush(deadline));
  const Result<RawResult> begun = state.next_result(deadline);
  if (!begun) return begun.error();
  if (PQresultStatus(begun->get()) != PGRES_COPY_IN) {
    const Error refused = state.error_of(begun->get());
    for (auto rest = state.next_result(deadline); rest && *rest;
         rest = state.next_result(deadline)) {
    }
    return refused;
  }
  // A row that the server refuses is its answer to the end: what is sent before is thrown away there.
  WEIR_TRY(state.put(rows.bytes_, deadline));
  WEIR_TRY(state.put(std::string_view("\xff\xff", 2), deadline));
  if (PQputCopyEnd(state.raw.get(), nullptr) < 0) {
    return state.lost(first_line(PQerrorMessage(state.raw.get())));
  }
  WEIR_TRY(state.finish_call(deadline));
  return {};
}

Status Connection::begin(Deadline deadline) {
  WEIR_CHECK(!state_->in_transaction);
  WEIR_TRY(state_->simple("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", deadline));
  state_->in_transaction = true;
  return Status();
}

Status Connection::commit(Deadline deadline) {
  WEIR_CHECK(state_->in_transaction);
  // What is already broken or past its deadline has sent no COMMIT: nothing was written.
  if (state_->broken) return state_->lost("the connection was given up");
  if (deadline.passed()) return state_->lost("no time left to commit");
  if (PQtransactionStatus(state_->raw.get()) == PQTRANS_INERROR) {
    rollback();
    return Error{ErrorCode::unavailable, "the transaction had failed before its commit", ""};
  }
  Status done = state_->simple("COMMIT", deadline);
  state_->in_transaction = false;
  if (done) return done;
  if (!state_->broken) return done;
  Error doubt = done.error();
  doubt.code = ErrorCode::in_doubt;
  return doubt;
}

void Connection::rollback() {
  if (!state_ || !state_->in_transaction) return;
  state_->in_transaction = false;
  if (state_->broken) return;
  if (Status undone = state_->simple("ROLLBACK", Deadline::in(std::chrono::seconds(1))); !undone) {
    state_->broken = true;
  }
}

void Connection::look() {
  pollfd entry{PQsocket(state_->raw.get()), POLLIN, 0};
  if (state_->broken || ::poll(&entry, 1, 0) == 0) return;
  if (PQconsumeInput(state_->raw.get()) == 0 || PQstatus(state_->raw.get()) != CONNECTION_OK) {
    state_->broken = true;
  }
}

bool Connection::broken() const { return state_->broken; }
bool Connection::in_transaction() const { return state_->in_transaction; }
const std::string& Connection::place() const { return state_->place; }
int Connection::backend_pid() const { return PQbackendPID(state_->raw.get()); }

Result<Transaction> Transaction::begin(Connection& connection, Deadline deadline) {
  WEIR_TRY(connection.begin(deadline));
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ != nullptr) connection_->rollback();
}

Status Transaction::commit(Deadline deadline) { return connection_->commit(deadline); }

bool Rows::null(std::size_t row, int column) const {
  return PQgetisnull(static_cast<const PGresult*>(result_.get()), static_cast<int>(row), column) !=
         0;
}

std::string_view Rows::text(std::size_t row, int column) const {
  const auto* raw = static_cast<const PGresult*>(result_.get());
  const int at = static_cast<int>(row);
  return {PQgetvalue(raw, at, column), static_cast<std::size_t>(PQgetlength(raw, at, column))};
}

std::int64_t Rows::integer(std::size_t row, int column) const {
  const std::string_view digits = text(row, column);
  if (digits == "t") return 1;
  if (digits == "f") return 0;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  WEIR_CHECK(error == std::errc{} && end == digits.data() + digits.size());
  return value;
}

std::string Rows::bytes(std::size_t row, int column) const {
  std::size_t size = 0;
  const auto* source = reinterpret_cast<const unsigned char*>(text(row, column).data());
  unsigned char* raw = PQunescapeBytea(source, &size);
  WEIR_CHECK(raw != nullptr);
  std::string out(reinterpret_cast<char*>(raw), size);
  PQfreemem(raw);
  return out;
}

}  // namespace weir
