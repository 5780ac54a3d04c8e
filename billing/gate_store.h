// GateStore: what READY(T) reads and keeps in the database, outside any close.
//
// Each call is a statement of its own and sees what was committed before it. Errors: `unavailable`,
// `denied`, `config` (a schema or contract is not there). Threads: one.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "billing/facts.h"
#include "billing/override.h"

#include <optional>
#include <span>
#include <vector>

namespace weir {

class GateStore {
 public:
  virtual ~GateStore() = default;
  /// The database's clock: the apply clock.
  virtual Result<std::int64_t> clock_us(Deadline deadline) = 0;
  virtual Result<QuotaDeployment> deployment(Deadline deadline) = 0;
  virtual Result<std::vector<QuotaPartition>> progress(std::int32_t incarnation,
                                                       Deadline deadline) = 0;
  virtual Result<std::vector<QuotaBlocker>> blockers(Deadline deadline) = 0;
  virtual Result<std::int64_t> unprovable_count(Deadline deadline) = 0;
  /// Registry, then seals, then numbers: three statements, in this order.
  virtual Result<QuotaProducers> producers(Deadline deadline) = 0;
  /// Those that stand, whatever T they are for.
  virtual Result<std::vector<Override>> overrides(Deadline deadline) = 0;
  /// Recorded barriers of the incarnation with t_us > after_us, by t_us and partition.
  virtual Result<std::vector<WrittenBarrier>> barriers(std::int32_t incarnation,
                                                       std::int64_t after_us,
                                                       Deadline deadline) = 0;
  /// One that is recorded already stays as it is.
  virtual Status record_barriers(std::span<const WrittenBarrier> barriers, Deadline deadline) = 0;
  virtual Result<std::optional<CloseHead>> last_close(Deadline deadline) = 0;
  virtual Result<std::optional<BillingCatalog>> catalog(Deadline deadline) = 0;
};

}  // namespace weir
