// A session of the in-memory database: one transaction, its row locks, and what PostgreSQL does when
// two of them meet.
//
//   READ COMMITTED   a statement sees what was committed before it; one that waited for a row looks
//                    at the row again
//   locks            held to the end of the transaction; whoever closes a circle
//                    of waiting is the victim (`unavailable`); nobody waits longer than lock_timeout
//   errors           any error rolls back at once; what follows in the transaction fails
//   replies          `Server::reply` says of each statement whether its answer comes; that of a
//                    commit may be lost with the transaction in, or not in (`in_doubt`)
//   idle             a transaction that says nothing for idle_timeout is ended by the server when
//                    somebody waits for it, or when it speaks again
//
// Isolation::repeatable_read (one snapshot from the first statement on, and an error on a row that
// somebody changed since) is there to show the neighbour that breaks.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "tests/simulation/scheduler.h"

#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir::simulation {

class Session;
enum class Isolation { read_committed, repeatable_read };
/// PostgreSQL's row locks, from weak to strong. UPDATE takes no_key_update, DELETE takes update.
enum class Strength { key_share, share, no_key_update, update };

/// What becomes of one statement.
enum class Reply {
  comes,
  lost_before,  // it never arrived: rolled back, `unavailable`; of a commit: `in_doubt`
  lost_after,   // it was done: `unavailable`, rolled back; a commit is in, and `in_doubt`
};

/// With threads instead of fibers: a mutex that one statement at a time holds, given up while a
/// session waits. `changed`: somebody's locks are free.
class Exclusion {
 public:
  virtual ~Exclusion() = default;
  virtual void lock() = 0;
  virtual void unlock() = 0;
  virtual void changed() = 0;
};

/// What all sessions of a database share.
struct Server {
  Scheduler& scheduler;
  std::function<std::int64_t()> clock_us;  // the database's clock, which may be wrong
  /// Asked before each statement, after the scheduler's step. Empty: all replies come.
  std::function<Reply(std::string_view where)> reply;
  Exclusion* exclusion = nullptr;
  bool away = false;
  std::int64_t lock_timeout_us = 10 * kMicrosPerSecond;
  std::int64_t idle_timeout_us = 60 * kMicrosPerSecond;
  std::uint64_t commits = 0;       // numbers each commit
  int snapshots = 0;               // open repeatable_read sessions
  std::vector<Session*> sessions;  // that are in a transaction
  // Counted for whoever asks.
  std::int64_t statements = 0, waits = 0, deadlocks = 0, lock_timeouts = 0;
};

/// One lockable row; Slot (table.h) holds its versions.
class Lockable {
 public:
  Lockable() = default;
  Lockable(const Lockable&) = delete;
  Lockable& operator=(const Lockable&) = delete;
  virtual ~Lockable() = default;

 protected:
  friend class Session;
  /// The end of the writer's transaction: its version becomes the row, or is forgotten.
  virtual void settle(bool commit, const Server& server) = 0;

  struct Holder {
    Session* session;
    Strength strength;  // the strongest that it took
  };
  std::vector<Holder> holders_;
  Session* writer_ = nullptr;  // has a version of its own
};

class Session {
 public:
  explicit Session(Server& server, Isolation isolation = Isolation::read_committed);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// One statement of the transaction. `body` returns a Result or a Status.
  template <class Body>
  std::invoke_result_t<Body> run(std::string_view where, Body body);
  /// One statement that is a transaction of its own, on a new connection.
  template <class Body>
  static std::invoke_result_t<Body, Session&> once(Server& server, std::string_view where,
                                                   Body body);
  Status commit(std::string_view where);
  void rollback();
  /// Commits what was written outside of any statement: how a database begins.
  void settle_setup();
  /// The server ends the connection: what was not committed is gone.
  void end_by_server();

  // Of bodies, and of Slot.
  Status lock(Lockable& row, Strength strength);
  /// Waits until no other session has a version of the row that is not committed.
  Status await_writer(Lockable& row);
  /// The row, which this session has locked to write, is settled when the session ends.
  void wrote(Lockable& row) { row.writer_ = this; }
  std::int64_t now_us() const { return server_.clock_us(); }
  const Server& server() const { return server_; }
  /// Commits numbered above this one are not seen; nothing for READ COMMITTED.
  bool has_snapshot() const { return isolation_ == Isolation::repeatable_read; }
  std::uint64_t snapshot() const { return snapshot_; }

 private:
  enum class State { open, aborted, lost, ended };
  class Turn;  // the server's mutex, for the length of a statement

  static Reply ask(Server& server, std::string_view where);
  Status enter(bool arrives);
  Error fail(Error error, State state);
  bool free_for(const Lockable& row, Strength strength) const;
  bool writer_gone(const Lockable& row) const;
  template <class Free>
  Status wait_for(Lockable& row, Strength strength, Free free);
  bool closes_circle(const Lockable& row, Strength strength) const;
  std::vector<Session*> blockers(const Lockable& row, Strength strength) const;
  void end_idle(const Lockable& row);
  void settle_all(bool commit);

  Server& server_;
  const Isolation isolation_;
  std::uint64_t snapshot_ = 0;
  State state_ = State::open;
  bool begun_ = false;
  bool running_ = false;
  std::int64_t spoke_at_us_ = 0;  // true time
  std::vector<Lockable*> held_;   // each once
  const Lockable* waits_for_ = nullptr;
  Strength waits_with_ = Strength::update;
};

/// The server's mutex while a statement runs.
class Session::Turn {
 public:
  explicit Turn(Server& server) : exclusion_(server.exclusion) {
    if (exclusion_ != nullptr) exclusion_->lock();
  }
  ~Turn() {
    if (exclusion_ != nullptr) exclusion_->unlock();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Exclusion* exclusion_;
};

template <class Body>
std::invoke_result_t<Body> Session::run(std::string_view where, Body body) {
  const Reply reply = ask(server_, where);
  const Turn turn(server_);
  WEIR_TRY(enter(reply != Reply::lost_before));
  running_ = true;
  auto done = body();
  running_ = false;
  spoke_at_us_ = server_.scheduler.true_us();
  if (!done.ok()) return fail(done.error(), state_ == State::open ? State::aborted : state_);
  if (reply == Reply::lost_after) {
    return fail({ErrorCode::unavailable, "the reply was lost", ""}, State::lost);
  }
  return done;
}

template <class Body>
std::invoke_result_t<Body, Session&> Session::once(Server& server, std::string_view where,
                                                   Body body) {
  const Reply reply = ask(server, where);
  const Turn turn(server);
  Session session(server);
  WEIR_TRY(session.enter(reply != Reply::lost_before));
  session.running_ = true;
  auto done = body(session);
  session.running_ = false;
  if (!done.ok()) return session.fail(done.error(), State::aborted);
  session.settle_all(true);
  session.state_ = State::ended;
  if (reply == Reply::lost_after) {
    return Error{ErrorCode::unavailable, "the reply was lost", ""};
  }
  return done;
}

}  // namespace weir::simulation
