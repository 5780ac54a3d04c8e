#include "tests/simulation/database/session.h"

#include <algorithm>

namespace weir::simulation {
namespace {

bool conflict(Strength a, Strength b) {
  const Strength weak = std::min(a, b), strong = std::max(a, b);
  if (weak == Strength::key_share) return strong == Strength::update;
  if (weak == Strength::share) return strong >= Strength::no_key_update;
  return true;
}

}  // namespace

Session::Session(Server& server, Isolation isolation) : server_(server), isolation_(isolation) {
  if (has_snapshot()) ++server_.snapshots;
}

Session::~Session() {
  rollback();
  if (has_snapshot()) --server_.snapshots;
}

Reply Session::ask(Server& server, std::string_view where) {
  server.scheduler.step(where);
  return server.reply ? server.reply(where) : Reply::comes;
}

/// Before a statement's own work: is there a server, a connection, a transaction to go on with?
Status Session::enter(bool arrives) {
  if (state_ == State::aborted) {
    return Error{ErrorCode::integrity, "current transaction is aborted [25P02]", ""};
  }
  if (state_ != State::open) {
    return Error{ErrorCode::unavailable, "the connection was given up", ""};
  }
  if (server_.away || !arrives) {
    return fail({ErrorCode::unavailable, "the connection was lost", ""}, State::lost);
  }
  const std::int64_t now = server_.scheduler.true_us();
  if (begun_ && now - spoke_at_us_ > server_.idle_timeout_us) {
    return fail({ErrorCode::unavailable, "idle in transaction for too long [25P03]", ""},
                State::lost);
  }
  if (!begun_) {
    begun_ = true;
    snapshot_ = server_.commits;
    server_.sessions.push_back(this);
  }
  spoke_at_us_ = now;
  ++server_.statements;
  return {};
}

Error Session::fail(Error error, State state) {
  running_ = false;
  settle_all(false);
  state_ = state;
  return error;
}

Status Session::commit(std::string_view where) {
  const Reply reply = ask(server_, where);
  const Turn turn(server_);
  if (state_ == State::aborted) {
    state_ = State::ended;
    return Error{ErrorCode::unavailable, "the transaction had failed before its commit", ""};
  }
  if (state_ != State::open) {
    return Error{ErrorCode::unavailable, "the connection was given up", ""};
  }
  const bool lost = reply == Reply::lost_before || server_.away;
  if (Status entered = enter(!lost); !entered) {
    // The server had it or not: whoever asked cannot tell.
    return lost ? Error{ErrorCode::in_doubt, "the reply to COMMIT was lost", ""} : entered.error();
  }
  settle_all(true);
  state_ = State::ended;
  if (reply == Reply::lost_after) {
    return Error{ErrorCode::in_doubt, "the reply to COMMIT was lost", ""};
  }
  return {};
}

void Session::rollback() {
  if (state_ == State::open && begun_) {
    const Turn turn(server_);
    settle_all(false);
  }
  if (state_ == State::open || state_ == State::aborted) state_ = State::ended;
}

void Session::settle_setup() {
  settle_all(true);
  state_ = State::ended;
}

void Session::end_by_server() {
  settle_all(false);
  state_ = State::lost;
}

void Session::settle_all(bool commit) {
  if (commit) ++server_.commits;
  for (Lockable* row : held_) {
    if (row->writer_ == this) {
      row->settle(commit, server_);
      row->writer_ = nullptr;
    }
    std::erase_if(row->holders_, [&](const auto& holder) { return holder.session == this; });
  }
  held_.clear();
  std::erase(server_.sessions, this);
  if (server_.exclusion != nullptr) server_.exclusion->changed();
}

bool Session::free_for(const Lockable& row, Strength strength) const {
  return std::none_of(row.holders_.begin(), row.holders_.end(), [&](const auto& holder) {
    return holder.session != this && conflict(holder.strength, strength);
  });
}

bool Session::writer_gone(const Lockable& row) const {
  return row.writer_ == nullptr || row.writer_ == this;
}

Status Session::lock(Lockable& row, Strength strength) {
  WEIR_TRY(wait_for(row, strength, [&] { return free_for(row, strength); }));
  for (Lockable::Holder& holder : row.holders_) {
    if (holder.session != this) continue;
    holder.strength = std::max(holder.strength, strength);
    return {};
  }
  row.holders_.push_back({this, strength});
  held_.push_back(&row);
  return {};
}

Status Session::await_writer(Lockable& row) {
  return wait_for(row, Strength::share, [&] { return writer_gone(row); });
}

template <class Free>
Status Session::wait_for(Lockable& row, Strength strength, Free free) {
  if (free()) return {};
  if (closes_circle(row, strength)) {
    ++server_.deadlocks;
    return Error{ErrorCode::unavailable, "deadlock detected [40P01]", ""};
  }
  ++server_.waits;
  const std::int64_t until_us = server_.scheduler.true_us() + server_.lock_timeout_us;
  waits_for_ = &row;
  waits_with_ = strength;
  while (state_ == State::open && !server_.away) {
    end_idle(row);
    const std::int64_t left_us = until_us - server_.scheduler.true_us();
    if (free() || left_us <= 0) break;
    server_.scheduler.wait("database.row_lock", Micros(left_us),
                           [&] { return free() || state_ != State::open || server_.away; });
  }
  waits_for_ = nullptr;
  if (state_ != State::open || server_.away) {
    return Error{ErrorCode::unavailable, "the connection was lost", ""};
  }
  if (free()) return {};
  ++server_.lock_timeouts;
  return Error{ErrorCode::unavailable, "canceling statement due to lock timeout [55P03]", ""};
}

std::vector<Session*> Session::blockers(const Lockable& row, Strength strength) const {
  std::vector<Session*> out;
  for (const Lockable::Holder& holder : row.holders_) {
    if (holder.session != this && conflict(holder.strength, strength)) {
      out.push_back(holder.session);
    }
  }
  return out;
}

/// Would waiting for the row mean waiting for oneself?
bool Session::closes_circle(const Lockable& row, Strength strength) const {
  std::vector<Session*> ahead = blockers(row, strength);
  for (std::size_t i = 0; i < ahead.size(); ++i) {
    const Session* session = ahead[i];
    if (session == this) return true;
    if (session->waits_for_ == nullptr) continue;
    for (Session* next : session->blockers(*session->waits_for_, session->waits_with_)) {
      if (std::find(ahead.begin(), ahead.end(), next) == ahead.end()) ahead.push_back(next);
    }
  }
  return false;
}

/// The server ends those that hold the row and have said nothing for too long.
void Session::end_idle(const Lockable& row) {
  for (Session* holder : blockers(row, Strength::update)) {
    const bool idle = !holder->running_ &&
                      server_.scheduler.true_us() - holder->spoke_at_us_ > server_.idle_timeout_us;
    if (idle) holder->end_by_server();
  }
}

}  // namespace weir::simulation
