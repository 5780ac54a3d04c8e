// The statements of a rebuild on the ledger: its beginning, each close of the chain, its end.
#pragma once

#include "quota/rebuild/close_vectors.h"
#include "storage/postgres/database.h"

#include <string>
#include <vector>

namespace weir {

class RebuiltLedger {
 public:
  explicit RebuiltLedger(Database& database) : database_(database) {}

  /// Raises the flag under which a rebuild works. `config` unless nothing was ever applied.
  Status begin(Deadline deadline);
  /// closed_until = T, and the adjustments that the close billed are its own. Gives what differs from
  /// what its certificate says. One transaction.
  Result<std::vector<std::string>> close(const CloseVector& close, Deadline deadline);
  /// One open flag a difference, and the flag of begin() goes.
  Status end(const std::vector<std::string>& differences, Deadline deadline);

 private:
  Database& database_;
};

}  // namespace weir
