// One billing run at a time, in the whole deployment: an advisory lock of the database, held by a
// connection of its own for the life of this. A run that dies gives it up with its connection.
//
// It spares two runs each other's work; that nothing is charged twice rests on unique keys and on
// compare-and-set, not on this.
#pragma once

#include "storage/postgres/connection.h"

namespace weir {

class RunLock {
 public:
  /// `conflict` names who works.
  static Result<RunLock> take(PostgresOptions options, Deadline deadline);

 private:
  explicit RunLock(Connection connection) : connection_(std::move(connection)) {}
  Connection connection_;
};

}  // namespace weir
