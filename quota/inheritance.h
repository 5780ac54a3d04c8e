// What an incarnation that a topic was moved to inherits (R2): the records of the former topic's last
// horizon, whose identities its index must know, or a retry that comes in the new topic counts twice.
//
// The index of partition q holds them at addresses of its own, below the first record of the new topic:
// the former's ranges laid end to end, in the order of its partitions, the last one ending where the
// partition begins. With former ranges [120, 480) and [0, 17), and a partition that begins at offset 0:
//
//   record 120 of former partition 0   →  -377          record 0 of former partition 1   →  -17
//   record 479 of former partition 0   →   -18          record 16 of former partition 1  →   -1
//
// So the inheritance is a part of the index like any other (R5): covered in order, gone on with after a
// crash, shortened where it is lost, and expired from its lower end.
#pragma once

#include "base/result.h"
#include "ingest/stream/record.h"

#include <optional>
#include <string>
#include <vector>

namespace weir {

class Connection;

struct InheritedRange {
  Offset from, to;
  std::int64_t length() const { return to - from; }
};
struct Inherited {
  std::string topic;                   // the former one
  std::vector<InheritedRange> ranges;  // by the former's partitions
  AppendTime newest;                   // the greatest append time of what was applied of it

  std::int64_t length() const;
  /// Where a record of the former topic stands in the index of a partition that begins at `start`.
  std::int64_t place(PartitionId former, Offset offset, Offset start) const;
};

/// Of an incarnation as it stands in the database; nothing when no move began it.
struct Inheritance {
  Incarnation former{1};
  Inherited inherited;
  std::vector<Offset> starts;  // of the new topic's partitions
};
Result<std::optional<Inheritance>> read_inheritance(Connection& connection, Incarnation incarnation,
                                                    Deadline deadline);

/// What nobody can read any more: C of R6 is no less than `unheld_until` from now on.
Status shorten_inheritance(Connection& connection, Incarnation incarnation, PartitionId partition,
                           AppendTime unheld_until, Deadline deadline);

}  // namespace weir
