// The consumer loop's parts, named as step() names them (consumer_loop.cc). Private to the loop.
//
// Life of a batch: records and passed positions go into `filling`; when it is due it is committed;
// then its partitions' positions move (release), or, when somebody else moved them, everything of
// those partitions is forgotten and loaded anew. A commit that could not be made is made again with
// the same batch, all partitions paused meanwhile. Whatever else interrupts a batch (revoke, lost
// position, failing index) drops it whole: what it held is read again. An index that cannot be sealed
// (its volume is full) grows on in memory, up to its hard bound; there reading pauses until it can.
#pragma once

#include "ingest/stream/batch_filling.h"
#include "ingest/stream/consumer_loop.h"
#include "ingest/stream/index_feeder.h"
#include "ingest/stream/log_observer.h"
#include "ingest/stream/loop_metrics.h"
#include "ingest/stream/partition_loader.h"
#include "ingest/stream/partition_reader.h"
#include "ingest/stream/pauser.h"
#include "ingest/stream/retry.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct ConsumerLoop::State {
  State(Source& source_in, Handler& handler_in, const IdentityKey& key, LoopOptions options_in,
        Clock& clock_in, Metrics& metrics_in);

  // the steps of step()
  Status load_waiting();
  Result<Polled> poll(Micros timeout);
  void observe();
  bool commit_due();
  Status commit();

  // what poll() tells: loop_partitions.cc
  void assign(std::span<const PartitionId> partitions);
  void revoke(std::span<const PartitionId> partitions);
  void reload(std::span<const PartitionId> partitions, const std::string& why);
  void take(const StreamRecord& record);
  void follow_positions();
  void source_failed(const Error& error);

  // what becomes of a commit: loop_commit.cc
  void release(const CommitBatch& batch);
  void conflicted();
  Status commit_failed(const Error& error);
  void drop_batch(const std::string& why);
  void seal(PartitionReader& reader, Offset below);
  void seal_again();
  void hold_reading(bool full);

  PartitionReader* reader_of(PartitionId partition);
  void join(PartitionReader& reader);
  void become_live(PartitionReader& reader);
  void wait_again(PartitionReader& reader, const std::string& why);
  void started_filling();
  void list_live();
  std::vector<PartitionId> being_read() const;

  Source& source;
  Handler& handler;
  const LoopOptions options;
  Clock& clock;
  LoopMetrics metrics;

  std::vector<std::unique_ptr<PartitionReader>> readers;  // by partition id; null: not ours
  std::vector<PartitionReader*> live;                     // of them, those that are live
  bool any_waiting = false;
  PartitionLoader loader;
  IndexFeeder feeder;
  BatchFilling filling;
  LogObserver observer;
  Pauser pauser;
  Retry load_retry, commit_retry;
  std::chrono::steady_clock::time_point now;  // of this step
  std::optional<std::chrono::steady_clock::time_point> filling_since;
  bool source_failing = false;
  Backoff source_backoff{3, std::chrono::milliseconds(50), std::chrono::seconds(1)};
  bool index_full = false;  // nothing is read until a seal succeeds

  std::mutex readiness_mutex;
  std::vector<std::string> readiness = {"no partition is assigned yet"};
};

}  // namespace weir
