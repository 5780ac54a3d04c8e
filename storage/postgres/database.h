// A bounded pool of connections to one database.
//
// acquire() hands out an idle connection or opens one while fewer than pool_max are out; else it
// waits for one until the deadline (`unavailable`). A Lease gives its connection back; one that is
// broken or still in a transaction is thrown away. Threads: any; a lease belongs to one.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "storage/postgres/connection.h"

#include <memory>

namespace weir {

class Database {
 public:
  explicit Database(PostgresOptions options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  class Lease {
   public:
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection& operator*() { return *connection_; }
    Connection* operator->() { return connection_.get(); }

   private:
    friend class Database;
    Lease(Database& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Database* pool_;
    std::unique_ptr<Connection> connection_;
  };
  Result<Lease> acquire(Deadline deadline);

  const PostgresOptions& options() const;

 private:
  void give_back(std::unique_ptr<Connection> connection);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
