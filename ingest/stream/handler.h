// Handler: what a consumer does with the rows of the stream. Quota and analytics each have one.
//
// The loop (consumer_loop.h) polls, decodes, drops duplicates and calls commit(); the handler
// aggregates and writes. A handler's commit is its only write, in one transaction that also moves
// progress (R3), so that whatever dies, the data and the position agree.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/codec/seal.h"
#include "ingest/event/request_batch.h"
#include "ingest/identity/generation.h"
#include "ingest/identity/verdict.h"
#include "ingest/stream/record.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

/// One undecodable, misrouted or refused event or record, kept whole.
struct Quarantined {
  PartitionId partition;
  Offset offset;
  std::uint32_t row = 0;  // index in the record
  bool whole = false;     // the whole record, not one of its events
  AppendTime append_time;
  std::string reason;  // stable code (ingest/event/limits.h)
  std::string field;
  std::string detail;
  std::string content_type;
  /// The record's value; of several events of one record, only the first (least row) bears it.
  std::string raw;
};

/// Offsets that were never read because the stream no longer had them.
struct Gap {
  PartitionId partition;
  Offset from, to;  // half-open
  std::string reason;
};

/// How far a partition got, in one batch: R3's [a, b) and what else the transaction stores.
struct RangeCounts {
  std::int64_t received = 0;  // events seen: applied + duplicate + quarantined + unprovable
  std::int64_t applied = 0;
  std::int64_t duplicate = 0;
  std::int64_t quarantined = 0;
  std::int64_t unprovable = 0;
  std::int64_t dropped = 0;     // Verdict::dropped; 0 unless a handler said so
  std::int64_t unnumbered = 0;  // of received: in records without a producer's number
};
/// Numbers of one producer's records that a range holds (R13), both ends inside, and where the records
/// stand that bear the two ends.
struct NumberRun {
  std::string producer;
  std::int64_t epoch = 0;
  std::int64_t from = 0, to = 0;
  Offset first = {}, last = {};
};
struct Range {
  PartitionId partition;
  Offset from;                   // a: must be the stored `next`
  Offset to;                     // b; may equal `from` when only the other members are to be stored
  std::optional<Anchor> anchor;  // of the newest record in the range
  std::optional<WallTime> caught_up_at;  // latest moment at which the log's end was read and has
                                         // since been applied (DESIGN §6, complete_through)
  std::optional<AppendTime> newest_append;
  RangeCounts counts;
  AppendTime horizon_from;  // what the identity index covers
  /// Generation files to name in this transaction (R5), and to forget. Naming one twice is naming it
  /// once, and forgetting what is not there is no error: a batch whose ranges all have from == to may
  /// come again after its reply was lost, since its compare-and-set cannot tell.
  std::vector<Generation> sealed;
  std::vector<Generation> expired;
  /// In the order of their records; neighbours are merged. Numbers may repeat.
  std::vector<NumberRun> numbers;
};

/// A seal that stands in the stream; every partition bears a copy of each.
struct SealRecord {
  PartitionId partition;
  Offset offset;
  AppendTime append_time;
  Seal seal;
};

/// A redriven event (R7) that stands in the stream: one event, alone in its record.
struct RedriveRecord {
  std::int64_t child = 0;
  PartitionId partition;
  Offset offset;
  AppendTime append_time;
  /// Its row in the batch; nothing when the record was quarantined (again).
  std::optional<std::uint32_t> row;
};

/// Where an event came from, kept of the few rows that a person may have to judge by it.
struct RowSource {
  std::uint32_t row = 0;
  std::string source;
};

/// One commit's worth: ranges of some partitions, ascending, and all their rows.
/// Row i came from address[i] of partition range_of[i]'s; `verdict[i]` says what to do with it.
struct CommitBatch {
  Incarnation incarnation;
  std::vector<Range> ranges;
  RequestBatch rows;
  std::vector<Verdict> verdict;
  std::vector<std::uint32_t> range_of;  // index into ranges
  std::vector<Address> address;
  std::vector<AppendTime> append_time;
  std::vector<Quarantined> quarantined;
  std::vector<Gap> gaps;
  std::vector<SealRecord> seals;
  std::vector<RedriveRecord> redriven;
  /// Of unprovable rows that were decoded without their detail. Ascending.
  std::vector<RowSource> sources;

  void clear();
};

/// As Address::row of a record that was quarantined whole.
inline constexpr std::uint32_t kWholeRecord = 0xffffffff;

/// Where a partition stands in the handler's store.
struct PartitionState {
  PartitionId partition;
  Incarnation incarnation;
  Offset next;
  std::optional<Anchor> anchor;
  std::vector<Generation> generations;  // that count: named by a committed row (R5)
  /// Rows from first_named() on that were recorded as quarantined: a rebuild of the index goes by this
  /// verdict (R4), and reads nothing below. Ascending. A record kept whole stands as row kWholeRecord.
  std::vector<Address> quarantined;
  /// C of R6 is no less: up to here (append time) an older incarnation applied records that neither
  /// the index nor the log need hold (R1).
  std::optional<AppendTime> unheld_until = {};

  /// Where the lowest generation that is named of this incarnation begins; the first offset when none
  /// is.
  Offset first_named() const;
};

enum class Committed {
  done,         // the transaction is in
  conflict,     // somebody else moved `next`: forget, reload, go on from there (R3 step 1)
  done_reload,  // the transaction is in, but some rows were dropped that the index has entered:
                // reload the batch's partitions, so that it goes by the recorded verdicts (R4)
};

class Handler {
 public:
  virtual ~Handler() = default;
  /// The stored state of partitions that were just assigned; a partition never seen is inserted
  /// with next = 0, alone in its transaction (R8). Error `integrity`: consumption of it must not go
  /// on (for example a changed partition count, R2).
  virtual Result<std::vector<PartitionState>> load(std::span<const PartitionId> partitions,
                                                   std::int32_t partition_count,
                                                   Deadline deadline) = 0;
  /// Errors: `unavailable` (nothing was written; the same batch again), `in_doubt` never: the
  /// handler reads back what became of it before it answers; `integrity`/`config`: stop.
  virtual Result<Committed> commit(const CommitBatch& batch, Deadline deadline) = 0;
  /// A lineage break (anchor differs, R1): recorded so that it blocks closes.
  virtual Status report_break(PartitionId partition, const std::string& what,
                              Deadline deadline) = 0;
  /// Sections that the handler needs.
  virtual Sections sections() const = 0;
};

}  // namespace weir
