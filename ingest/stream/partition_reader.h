// PartitionReader: where one assigned partition stands. Plain data of the loop's thread.
#pragma once

#include "ingest/identity/identity_index.h"
#include "ingest/stream/handler.h"
#include "ingest/stream/retry.h"

#include <optional>
#include <string>
#include <vector>

namespace weir {

/// waiting → indexing → live        the way of a healthy partition
/// waiting → broken                 until the next assignment
/// live, indexing → waiting         after a conflict, a lost position or a failing index
enum class Stage {
  waiting,   // its stored state is to be loaded
  indexing,  // records below `next` are read into the identity index, and nothing else (R5)
  live,      // records are applied
  broken,    // its lineage broke (R1): reported, and not read
};

/// A copy of the newest record of a range: the anchor is its digest, taken once a commit.
struct NewestRecord {
  Offset offset;
  AppendTime append_time;
  std::string content_type, key, value;

  void copy(const StreamRecord& record) {
    offset = record.offset;
    append_time = record.append_time;
    content_type.assign(record.content_type);
    key.assign(record.key);
    value.assign(record.value);
  }
  Anchor anchor(PartitionId partition) const {
    const StreamRecord record{partition, offset, append_time, content_type, key, value};
    return {offset, record_digest(record), append_time};
  }
};

/// The log's end, as it was read at a moment.
struct ObservedEnd {
  Offset end;
  WallTime at;
};

struct PartitionReader {
  explicit PartitionReader(PartitionId id)
      : partition(id), seal_retry(static_cast<std::uint64_t>(id.value)) {}

  const PartitionId partition;
  Stage stage = Stage::waiting;
  std::string why_not_live = "not loaded yet";

  // valid from `indexing` on
  Incarnation incarnation;
  Offset next;     // stored: everything below is applied
  Offset read_to;  // one behind what reading has passed; >= next when live
  std::optional<IdentityIndex> index;
  std::vector<Address> quarantined;  // recorded below `next`, for indexing

  // what the next commit has to carry
  std::optional<Gap> gap;
  std::vector<Generation> sealed;
  std::vector<Generation> expired;

  // a seal that failed: what is open stays in memory meanwhile
  Retry seal_retry;
  std::string seal_failure;

  NewestRecord newest;
  std::optional<ObservedEnd> observed;  // kept until it has been applied and stored
  Offset log_end;                       // as last read; for the lag
};

}  // namespace weir
