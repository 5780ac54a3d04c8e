// Reads what a moved incarnation inherits into the identity index of each of its partitions (R2, R5).
//
// The files hold identities, not subscriptions, so the former topic's last horizon is read again: every
// new partition keeps the rows whose subscription now hashes to it, and those that may stand anywhere
// (no subscription; `partitioner = any`). It goes by the recorded verdicts (R4). Each file is named by a
// row in a transaction whose step 1 sets `next` to what it is, so that a crash goes on behind it.
//
// To be done on each volume before its consumer joins the group: consumption begins with an index that
// is whole. What the former topic has no more shortens the horizon to where that topic ended, since the
// two were written to side by side and the new one's first record says nothing of the old one's last. A
// volume that comes when the horizon has passed inherits nothing. Threads: one.
#pragma once

#include "base/result.h"
#include "ingest/identity/identity_index.h"
#include "ingest/stream/source.h"
#include "quota/inheritance.h"
#include "quota/store.h"

#include <functional>
#include <stop_token>
#include <vector>

namespace weir {

struct CarryOverOptions {
  IdentityOptions identity;  // its bounds are for all partitions together
  bool check_partitioner = true;
  Micros call_timeout = std::chrono::seconds(10);
  Micros quiet_timeout = std::chrono::seconds(60);  // a log that says nothing for so long is away
  /// Makes C of R6 no less than the former topic's newest append time, for good.
  std::function<Status(PartitionId)> shorten = {};
};

/// The partitions whose inheritance this volume does not hold whole, and still needs. Opens the index of
/// each: a file that is damaged is read again.
Result<std::vector<PartitionState>> find_heirs(Store& store, const Deployment& deployment,
                                               const Inheritance& inheritance,
                                               const CarryOverOptions& options);

/// `former` reads all partitions of the former topic, in a group of its own. Errors: `unavailable`
/// (again: it goes on where it was, also when asked to stop), `integrity`.
Status carry_over(Store& store, const Deployment& deployment, const Inheritance& inheritance,
                  std::vector<PartitionState> heirs, Source& former, const IdentityKey& key,
                  const CarryOverOptions& options, const std::stop_token& stop);

}  // namespace weir
