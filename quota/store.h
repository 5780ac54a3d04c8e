// Store: the usage ledger as single-statement calls, so that the order of R3 is code one can read.
//
// An IngestTransaction is one READ COMMITTED transaction: each call is one statement and sees what
// was committed before that statement. The order of the calls is the caller's (quota/ingest.cc).
// Rolls back when destroyed uncommitted. PostgresStore is the real one; a test double models row
// locks and statement snapshots. Errors: `unavailable` (nothing was written), `in_doubt` (of
// commit() alone: read back), `integrity` and `config` (stop). Threads: one a transaction.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/stream/handler.h"
#include "quota/numbers.h"
#include "quota/seals.h"
#include "quota/usage_deltas.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

/// What was decided when the database was created, and what the stream turned out to be.
struct Deployment {
  std::string deployment_id;
  std::string topic;
  std::string cluster_id;  // empty until known
  Incarnation incarnation{1};
  std::int32_t partitions = 0;  // 0 until known
  Micros bucket{0}, permitted_future{0}, delivery_timeout{0}, grace{0};
  std::string partitioner;  // "murmur2" or "any"
  std::int64_t closed_until_us = 0;
};

struct StoredCatalog {
  std::int64_t version = 0;
  std::string digest;
  std::string canonical;  // JSON
};

/// What one range adds to its progress row beside `next` (which step 1 has set).
struct ProgressFacts {
  const Range* range;
  std::int64_t adjusted = 0;
  std::int64_t unsubscribed = 0;
};

/// An event that the identity index cannot prove to be new (R6), with what it would add.
struct Unprovable {
  PartitionId partition;
  Address address;
  Identity identity;
  EventTime time;
  AppendTime append_time;
  std::string_view tenant, subscription;
  std::string_view source;  // "" when it is not known
  std::int64_t bucket_us = 0;
  std::vector<std::string_view> meters;  // units[i] of meters[i]
  std::vector<std::int64_t> units;
};

/// What became of a redriven event (R7).
struct RedriveDecision {
  std::int64_t child = 0;
  std::string_view state;  // "redriven", "duplicate", "unprovable" or "quarantined"
  PartitionId partition;
  Offset offset;
};
/// A redriven event that was dropped, since its child was not open any more.
struct DroppedRedrive {
  std::int64_t child = 0;
  PartitionId partition;
  Offset offset;
  AppendTime append_time;
  std::optional<std::uint32_t> row;  // nothing: the whole record, which is quarantined already
};

/// The calls after read_catalog_version() may be made in any order but for the locks: see ingest.cc.
class IngestTransaction {
 public:
  virtual ~IngestTransaction() = default;
  /// Step 1: `next` from a to b. False: it was not a.
  virtual Result<bool> advance_progress(Incarnation incarnation, PartitionId partition, Offset a,
                                        Offset b) = 0;
  virtual Result<std::int64_t> read_closed_until() = 0;
  /// 0: none was ever applied.
  virtual Result<std::int64_t> read_catalog_version() = 0;
  /// Sums that left 64 bits are held at the greatest value and named in the result.
  virtual Result<std::vector<std::string>> add_usage(Incarnation incarnation,
                                                     const UsageDeltas& deltas) = 0;
  virtual Status add_adjustments(Incarnation incarnation, const UsageDeltas& deltas) = 0;
  virtual Status add_quarantine_records(Incarnation incarnation,
                                        std::span<const Quarantined> rows) = 0;
  virtual Status add_quarantine(Incarnation incarnation, std::span<const Quarantined> rows) = 0;
  virtual Status add_gaps(Incarnation incarnation, std::span<const Gap> gaps) = 0;
  /// Those whose identity stands there already are left out.
  virtual Status add_unprovable(std::span<const Unprovable> rows) = 0;
  virtual Status add_flag(Incarnation incarnation, std::optional<PartitionId> partition,
                          const std::string& kind, const std::string& what) = 0;
  virtual Status name_generations(std::span<const Generation> generations) = 0;
  virtual Status forget_generations(std::span<const Generation> generations) = 0;
  /// Dropped rows are counted as quarantined: each has its row there.
  virtual Status record_progress(Incarnation incarnation, std::span<const ProgressFacts> facts) = 0;

  // R13: numbers. They belong to their partition, whose progress row step 1 has locked.
  /// One state a question, in their order; a triple that was never seen has highest 0. Holes that are
  /// closed or accepted are none. Open ones stay locked, against an operator who accepts them now.
  virtual Result<std::vector<NumberState>> read_numbers(
      std::span<const NumberQuestion> questions) = 0;
  /// `highest` is set; a hole opens, closes (closed_at_us), or is cut, its pieces opened when it was.
  virtual Status write_numbers(Incarnation incarnation, std::span<const NumberChange> changes) = 0;

  // R13, R14: producers and seals. Their rows belong to all partitions; callers go by ascending id.
  /// Inserts the producer, or raises its epoch, and gives what stands. Touches no END. The row stays
  /// locked against other writers of it until the end.
  virtual Result<ProducerState> register_producer(const Seal& seal, AppendTime append_time) = 0;
  /// Replaces the producer's finals.
  virtual Status keep_finals(const std::string& producer,
                             const std::vector<EpochNumbers>& finals) = 0;
  /// The producer's newest W, never lower. The seal stands as its edge's unless one stands there (the
  /// first stays) or the edge is <= closed_until_us; this producer's seals of such edges go.
  virtual Status add_seal(const Seal& seal, AppendTime append_time, std::int64_t edge_us,
                          std::int64_t closed_until_us) = 0;
  /// False, and nothing is written: a number above seal.numbers stands applied. Waits for every
  /// transaction that has this producer from read_ends(), so that none slips through between.
  virtual Result<bool> end_producer(const Seal& seal, AppendTime append_time) = 0;
  /// Those of `producers` whose END stands. It can come to stand only after this transaction.
  virtual Result<std::vector<ProducerEnd>> read_ends(std::span<const std::string> producers) = 0;
  /// Its END was overtaken: it is registered again, and unsealed until it seals.
  virtual Status revive_producer(const std::string& producer) = 0;

  // R7: redrives.
  /// Gives those children that were open; they are decided now. A parent is resolved ("redriven")
  /// when none of its children is open. Parents are locked first, ascending, so that of two
  /// transactions that decide the last two children the later one sees both.
  virtual Result<std::vector<std::int64_t>> close_redrives(
      Incarnation incarnation, std::span<const RedriveDecision> decisions) = 0;
  /// A quarantine row of its address each, so that the verdict stands (R4): reason redrive_decided,
  /// resolved at once ("dropped"). Of a child that never was: reason redrive_unknown, and open.
  virtual Status add_dropped(Incarnation incarnation, std::span<const DroppedRedrive> dropped) = 0;

  /// R1: stands for an adoption; older ones than the horizon (in append time) go.
  virtual Status keep_anchor(Incarnation incarnation, PartitionId partition,
                             const Anchor& anchor) = 0;
  virtual Status commit() = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual Result<std::unique_ptr<IngestTransaction>> begin(Deadline deadline) = 0;

  /// `next` of one partition; nullopt when it has no row.
  virtual Result<std::optional<Offset>> read_next(Incarnation incarnation, PartitionId partition,
                                                  Deadline deadline) = 0;
  virtual Result<Deployment> read_deployment(Deadline deadline) = 0;
  virtual Result<std::optional<StoredCatalog>> read_catalog(Deadline deadline) = 0;
  /// The partition count of the incarnation: set when it was not known; gives the one that stands.
  virtual Result<std::int32_t> fix_partitions(std::int32_t count, Deadline deadline) = 0;
  /// Inserts the progress row, alone (R8), when it is not there.
  virtual Status insert_progress(Incarnation incarnation, PartitionId partition,
                                 Deadline deadline) = 0;
  virtual Result<PartitionState> read_partition(Incarnation incarnation, PartitionId partition,
                                                Deadline deadline) = 0;
  /// In a transaction of its own; raising what is open already changes nothing.
  virtual Status raise_flag(Incarnation incarnation, std::optional<PartitionId> partition,
                            const std::string& kind, const std::string& what,
                            Deadline deadline) = 0;
};

}  // namespace weir
