#include "tests/simulation/database/memory_close_store.h"

#include "tests/simulation/database/memory_close.h"

namespace weir::simulation {

Result<std::unique_ptr<CloseTransaction>> MemoryCloseStore::begin(Deadline) {
  database_.server().scheduler.step("close.begin");
  if (database_.server().away) {
    return Error{ErrorCode::unavailable, "the database is away", ""};
  }
  return std::unique_ptr<CloseTransaction>(std::make_unique<MemoryClose>(database_));
}

Result<std::optional<CloseHead>> MemoryCloseStore::find_close(std::int64_t t_us, Deadline) {
  using Found = std::optional<CloseHead>;
  return Session::once(database_.server(), "close.find", [&](Session& session) -> Result<Found> {
    Found first;
    database_.billing().close.each(session, [&](std::int64_t id, const CloseRow& row) {
      if (row.t_us < t_us || (first && first->t_us <= row.t_us)) return;
      first = CloseHead{id, row.t_us, row.digest};
    });
    return first;
  });
}

}  // namespace weir::simulation
