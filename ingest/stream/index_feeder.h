// R5: reads records below the stored position again, into the identity index and nothing else.
//
// It goes by the recorded verdicts (R4): a row that was quarantined then does not enter now, whatever
// today's decoder says; every other row does. Seals, voids and barriers hold none. Threads: one.
#pragma once

#include "ingest/codec/codec.h"
#include "ingest/stream/partition_reader.h"

#include <span>
#include <vector>

namespace weir {

class IndexFeeder {
 public:
  explicit IndexFeeder(const IdentityKey& key) : decoder_(key) {}
  /// Error: the index's; the partition must be loaded anew.
  Status feed(PartitionReader& reader, const StreamRecord& record);

 private:
  void leave_out(std::span<const Address> quarantined);

  Decoder decoder_;
  RequestBatch rows_;
  DecodeReport report_;
  std::vector<std::uint32_t> row_index_;
  std::vector<Verdict> verdicts_;  // not needed
};

}  // namespace weir
