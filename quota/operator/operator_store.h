// What operators decide, as single-statement calls: the order of a decision is code one can read
// (resolve.h, adopt.h), and the simulation runs it on a store of its own.
//
// An OperatorTransaction is one READ COMMITTED transaction on the primary: each call is one statement
// and sees what was committed before it. Rolls back when destroyed uncommitted. hold_closed_until() is
// its first call (R8): no close commits while it lives, and none that commits meanwhile is missed.
// Calls that give rows by id lock them (FOR UPDATE), ascending by id; an id that does not exist is left
// out of the answer. Errors: `unavailable` (nothing was written), `in_doubt` (of commit() alone: look
// whether it is resolved), `integrity`. Threads: one a transaction.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/codec/seal.h"
#include "ingest/stream/record.h"
#include "quota/inheritance.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

/// Who decided, and why. Both are kept for ever.
struct Decision {
  std::string by;
  std::string reason;
};

/// What stands in a row that was decided already: by whom. Empty `by`: it is open.
struct Settled {
  std::string by;
  std::string how;  // "discarded", "redriven", "accepted", "filled", "cleared"
  bool open() const { return how.empty(); }
};

struct QuarantineRow {
  std::int64_t id = 0;
  Incarnation incarnation{1};
  PartitionId partition;
  Offset offset;
  std::int64_t row = -1;  // -1: the whole record
  std::string reason;
  Settled settled;
};
/// One mended event on its way through the stream (R7).
struct RedriveRow {
  std::int64_t id = 0;
  std::int64_t quarantine_id = 0;
  PartitionId partition;
  std::string event;  // JSON
  std::string state;  // "open", "redriven", "duplicate", "unprovable", "quarantined", "discarded"
  bool open() const { return state == "open"; }
};
struct NewRedrive {
  PartitionId partition;
  std::string event;
};
struct GapRow {
  std::int64_t id = 0;
  Incarnation incarnation{1};
  PartitionId partition;
  Offset from, to;  // half-open
  std::string reason;
  std::int64_t opened_at_us = 0;
  Settled settled;
};
struct HoleRow {
  std::int64_t id = 0;
  Incarnation incarnation{1};  // in which it was found
  PartitionId partition;
  std::string producer;
  std::int64_t epoch = 0;
  std::int64_t from = 0, to = 0;  // inclusive
  std::int64_t opened_at_us = 0;
  Settled settled;
};
struct FlagRow {
  std::int64_t id = 0;
  std::string kind;  // "lineage", "overflow", "after_end"
  Incarnation incarnation{1};
  std::optional<PartitionId> partition;
  std::string what;
  Settled settled;
};
struct UnprovableRow {
  std::int64_t id = 0;
  std::string identity;  // 32 hex digits
  Incarnation incarnation{1};
  PartitionId partition;
  Offset offset;
  std::int64_t row = 0;
  std::string tenant, subscription;
  std::int64_t bucket_us = 0;
  std::vector<std::string> meters;  // units[i] of meters[i]
  std::vector<std::int64_t> units;
  Settled settled;
};
struct ProducerRow {
  std::string producer;
  std::int64_t epoch = 0;                       // the greatest that it named
  std::optional<std::int64_t> sealed_until_us;  // W of its newest seal
  Settled settled;                              // "seal" ended itself
};
/// Everything up to `contiguous` is applied, or was accepted as lost.
struct ContiguousNumber {
  std::int64_t epoch = 0;
  PartitionId partition;
  std::int64_t contiguous = 0;
};

/// How far one partition of an incarnation got.
struct ProgressRow {
  PartitionId partition;
  Offset next;
  std::optional<Anchor> anchor;
  std::optional<AppendTime> newest_append;
  AppendTime horizon_from;  // copies of what was appended from here on are recognised
  std::int64_t horizon_us = 0, restamp_window_us = 0;
  std::optional<AppendTime> unheld_until;  // as its incarnation began with it
};
/// One partition of a new incarnation.
struct IncarnationStart {
  PartitionId partition;
  Offset start;
  std::optional<Anchor> anchor;  // the record before `start`, when it is known to hold
  /// C of R6 is no less than this: what older incarnations applied up to here, and no reading of
  /// the new log from its start brings back.
  std::optional<AppendTime> unheld_until;
  std::int64_t horizon_us = 0, restamp_window_us = 0;
  std::optional<AppendTime> newest_append;  // of all that older incarnations applied
};
struct NewIncarnation {
  Incarnation incarnation;
  std::string topic, cluster_id;
  std::string why;                         // "truncated", "made anew" or "moved"
  std::vector<IncarnationStart> starts;    // by partition, all of them
  std::optional<Inherited> inherits = {};  // of a move
};
struct NewGap {
  Incarnation incarnation;
  PartitionId partition;
  Offset from, to;
  std::string reason;
};

/// A move to another topic that was declared (R2).
struct MoveRow {
  std::int64_t id = 0;
  Incarnation incarnation{1};  // in which it was declared
  std::string former_topic, topic;
  std::vector<Offset> starts;  // of the new topic, by partition
  std::int64_t declared_at_us = 0;
  std::string declared_by, reason;
};
struct NewMove {
  Incarnation incarnation{1};
  std::string former_topic, topic;
  std::vector<Offset> starts;
};
/// Of a registered producer, what a move asks: has it written its last seal here?
struct ProducerFinals {
  std::string producer;
  std::int64_t epoch = 0;            // the greatest that it named
  std::vector<EpochNumbers> finals;  // of epochs that are over
  std::optional<std::vector<EpochNumbers>> end;
  std::optional<std::int64_t> sealed_until_us;
  std::vector<ContiguousNumber> numbers;
};

/// What a decision leaves for ever. `detail` is JSON in which everything bears its address, so that a
/// rebuild, whose ids are others, can replay it (R17).
struct AuditEntry {
  std::string action;  // "quarantine discard", "gaps accept", ...
  std::string detail;
  std::string worth;  // units by meter, offsets, numbers; "" where nobody can say
};

class OperatorTransaction {
 public:
  virtual ~OperatorTransaction() = default;
  /// First (R8): FOR SHARE.
  virtual Result<std::int64_t> hold_closed_until() = 0;

  virtual Result<std::vector<QuarantineRow>> quarantine(std::span<const std::int64_t> ids) = 0;
  virtual Status resolve_quarantine(std::span<const std::int64_t> ids,
                                    const std::string& resolution, const Decision& decision) = 0;
  /// All children of these rows, by id. After quarantine(), which locks their parents as ingest does.
  virtual Result<std::vector<RedriveRow>> redrives(
      std::span<const std::int64_t> quarantine_ids) = 0;
  virtual Result<std::vector<std::int64_t>> add_redrives(std::int64_t quarantine_id,
                                                         std::span<const NewRedrive> children) = 0;
  /// Those that are open become `discarded`: what still comes of them is dropped. Their ids, ascending.
  virtual Result<std::vector<std::int64_t>> discard_redrives(
      std::span<const std::int64_t> quarantine_ids) = 0;

  virtual Result<std::vector<GapRow>> gaps(std::span<const std::int64_t> ids) = 0;
  virtual Status accept_gaps(std::span<const std::int64_t> ids, const Decision& decision) = 0;
  virtual Result<std::vector<HoleRow>> holes(std::span<const std::int64_t> ids) = 0;
  /// The open ones that a gap of this partition which ends at `end` may have swallowed: the record that
  /// showed them stands at or behind it, and the newest one of their producer and epoch before that
  /// stands below it. By id.
  virtual Result<std::vector<HoleRow>> holes_round(Incarnation incarnation, PartitionId partition,
                                                   Offset end) = 0;
  virtual Status accept_holes(std::span<const std::int64_t> ids, const Decision& decision) = 0;

  virtual Result<std::vector<FlagRow>> flags(std::span<const std::int64_t> ids) = 0;
  /// Open ones of kind "lineage", of `incarnation` and older.
  virtual Result<std::vector<FlagRow>> lineage_flags(Incarnation incarnation) = 0;
  virtual Status clear_flags(std::span<const std::int64_t> ids, const Decision& decision) = 0;

  virtual Result<std::vector<UnprovableRow>> unprovable(std::span<const std::int64_t> ids) = 0;
  /// `resolution`: "accepted" or "discarded".
  virtual Status resolve_unprovable(std::span<const std::int64_t> ids,
                                    const std::string& resolution, const Decision& decision) = 0;
  /// One adjustment a meter of each row, not assigned to a close (R6).
  virtual Status add_adjustments(std::span<const UnprovableRow> rows) = 0;

  virtual Result<std::optional<ProducerRow>> producer(const std::string& producer) = 0;
  /// After producer(), whose lock waits for every ingest transaction that has its read_ends().
  virtual Result<std::vector<ContiguousNumber>> numbers(const std::string& producer) = 0;
  virtual Status end_producer(const std::string& producer, const std::vector<EpochNumbers>& final,
                              const Decision& decision) = 0;

  /// The present incarnation and its partition count, locked.
  virtual Result<std::pair<Incarnation, std::int32_t>> incarnation() = 0;
  /// From here on no ingest transaction moves these rows (IngestTransaction::advance_progress gives
  /// false for a row that is ended). Gives them, by partition.
  virtual Result<std::vector<ProgressRow>> end_progress(Incarnation incarnation) = 0;
  /// Its row, its progress rows with next = start, and deployment's incarnation. One that inherits
  /// begins with an index of its own: the generations of older ones are forgotten, since their files
  /// are of partitions that are no more.
  virtual Status begin_incarnation(const NewIncarnation& begun, const Decision& decision) = 0;
  virtual Status add_gaps(std::span<const NewGap> gaps) = 0;

  /// The move that is declared and not settled, locked; nothing when there is none.
  virtual Result<std::optional<MoveRow>> open_move() = 0;
  /// Its id. After incarnation(), whose lock keeps two declarations apart.
  virtual Result<std::int64_t> declare_move(const NewMove& move, const Decision& decision) = 0;
  /// `how`: "finished" or "cancelled".
  virtual Status settle_move(std::int64_t id, const std::string& how, const Decision& decision) = 0;
  /// Every producer that ever registered, by id.
  virtual Result<std::vector<ProducerFinals>> all_finals() = 0;
  /// Redriven events that are on their way: they are bound for a partition of the present topic.
  virtual Result<std::int64_t> open_redrives() = 0;

  virtual Result<std::int64_t> add_audit(const AuditEntry& entry, const Decision& decision) = 0;
  virtual Status commit() = 0;
};

/// What an adoption looks at before it decides anything.
struct LineageFacts {
  std::string topic, cluster_id;
  Incarnation incarnation{1};
  std::int32_t partitions = 0;               // 0: no consumer ever saw the topic
  std::vector<ProgressRow> progress;         // of the incarnation, by partition
  std::vector<std::vector<Anchor>> anchors;  // kept ones, by partition (0 …), each ascending
  std::vector<FlagRow> breaks;               // open lineage flags
};

class OperatorStore {
 public:
  virtual ~OperatorStore() = default;
  virtual Result<std::unique_ptr<OperatorTransaction>> begin(Deadline deadline) = 0;
  virtual Result<LineageFacts> lineage(Deadline deadline) = 0;
};

}  // namespace weir
