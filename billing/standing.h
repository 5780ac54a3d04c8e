// Where things stand at about one moment: everything that a judgement rests on, as values.
//
// The gate reads one before it writes a barrier and while it waits; the close reads its own, behind
// its fence, and keeps it for the certificate.
#pragma once

#include "base/result.h"
#include "billing/facts.h"
#include "billing/override.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir {

/// Everything that a judgement rests on, read at about one moment.
struct Standing {
  std::int64_t now_us = 0;  // the database's clock
  QuotaDeployment deployment;
  std::vector<QuotaPartition> progress;  // of the present incarnation
  std::vector<QuotaBlocker> blockers;
  std::vector<WrittenBarrier> barriers;  // of the present incarnation, above closed_until
  std::int64_t unprovable = 0;
  std::optional<CloseHead> last_close;
  std::optional<BillingCatalog> catalog;
  Result<StreamLook> stream = StreamLook{};  // an error when the broker cannot be asked
  QuotaProducers producers;
  std::vector<Override> overrides;
  Profile profile = Profile::development;
  std::int64_t hold_max_us = 0;  // the longest hold that the stream must outlast; 0: not said
};

}  // namespace weir
