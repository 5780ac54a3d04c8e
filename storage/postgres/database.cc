#include "storage/postgres/database.h"

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace weir {

struct Database::State {
  const PostgresOptions options;
  std::mutex mutex;
  std::condition_variable returned;
  std::vector<std::unique_ptr<Connection>> idle;  // guarded by mutex
  std::size_t out = 0;                            // guarded by mutex
};

Database::Database(PostgresOptions options)
    : state_(new State{.options = std::move(options), .mutex = {}, .returned = {}, .idle = {}}) {}
Database::~Database() = default;

const PostgresOptions& Database::options() const { return state_->options; }

Result<Database::Lease> Database::acquire(Deadline deadline) {
  State& state = *state_;
  {
    std::unique_lock lock(state.mutex);
    const bool free = state.returned.wait_until(lock, deadline.at(),
                                                [&] { return state.out < state.options.pool_max; });
    if (!free) {
      return Error{ErrorCode::unavailable, "PostgreSQL: all connections of the pool are in use",
                   ""};
    }
    ++state.out;
    // One that died at rest (a restart of the server) is passed over, not handed out.
    while (!state.idle.empty()) {
      std::unique_ptr<Connection> connection = std::move(state.idle.back());
      state.idle.pop_back();
      connection->look();
      if (!connection->broken()) return Lease(*this, std::move(connection));
    }
  }
  Result<Connection> opened = Connection::open(state.options, deadline);
  if (!opened) {
    give_back(nullptr);
    return std::move(opened).error();
  }
  return Lease(*this, std::make_unique<Connection>(*std::move(opened)));
}

void Database::give_back(std::unique_ptr<Connection> connection) {
  // Closed outside the lock when it is of no more use.
  std::unique_ptr<Connection> dead;
  {
    std::lock_guard lock(state_->mutex);
    --state_->out;
    if (connection != nullptr && !connection->broken() && !connection->in_transaction()) {
      state_->idle.push_back(std::move(connection));
    } else {
      dead = std::move(connection);
    }
  }
  state_->returned.notify_one();
}

Database::Lease::~Lease() {
  if (connection_ != nullptr) pool_->give_back(std::move(connection_));
}

}  // namespace weir
