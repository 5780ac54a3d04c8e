// What a Producer is made of. Private to this folder: producer.cc takes records, producer_begin.cc
// finds out who it is, producer_seal.cc seals and ends, producer_run.cc is the thread.
#pragma once

#include "ingest/producer/forwarder.h"
#include "ingest/producer/producer.h"
#include "ingest/producer/producer_file.h"
#include "ingest/spool/file_log.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

namespace weir {

struct Producer::State {
  State(LogDisk& disk_in, RecordSink& stream_in, ProducerOptions options_in, Clock& clock_in,
        Metrics& metrics);

  struct ProposedSeal {
    WallTime until;
    std::vector<Offset> ends;
  };

  // producer_begin.cc; all under `steps`
  Status open_spool();
  Status begin(Deadline deadline);
  Status find_out(Deadline deadline);
  Status make_first(std::int32_t partitions);
  Status change_epoch(std::int32_t partitions, Deadline deadline);
  Status drain_former(Deadline deadline);
  Status remember_over();
  Status drain_to(RecordSink& sink, Deadline deadline);
  Status register_everywhere(Deadline deadline);
  Result<std::unique_ptr<FileLog>> open_log(std::int64_t epoch, std::int32_t partitions);
  Result<std::unique_ptr<FileLog>> make_log(std::int64_t epoch, std::int32_t partitions);
  Status take_log(std::unique_ptr<FileLog> log);
  Status check_partitions(Deadline deadline);
  std::int32_t most_partitions() const;
  Error changed_count(std::int32_t partitions) const;

  // producer_seal.cc; under `steps`, save propose()
  Seal seal_of(Seal::Kind kind, const std::vector<Offset>& ends) const;
  Status send_everywhere(RecordSink& sink, const Seal& seal, std::int32_t partitions,
                         Deadline deadline);
  std::vector<Offset> spool_ends() const;
  bool propose(WallTime until);
  Result<bool> send_proposed(Deadline deadline);
  Status end(Deadline deadline);

  // producer.cc
  Result<bool> forward(Deadline deadline);
  Status wait_forwarded(const std::vector<Offset>& ends, Deadline deadline);
  void note_progress();
  void refuse_because(const std::string& why);
  Status refusal() const;

  // producer_run.cc
  Result<bool> run_once(Deadline deadline);
  void finish(Deadline deadline);
  void publish();

  LogDisk& disk;
  RecordSink& stream;
  const ProducerOptions options;
  Clock& clock;
  Metrics& metrics;
  Counter& forwarded;
  Counter& voided;
  std::unique_ptr<LogLock> lock;
  std::atomic<std::int64_t> oldest_waiting_us{0};

  std::timed_mutex steps;  // guards what follows: one step at a time
  std::optional<ProducerFile> file;
  std::unique_ptr<Forwarder> forwarder;
  std::optional<ProposedSeal> to_send;  // taken from `proposed`

  /// Appends hold it shared; whoever says that there will be none holds it alone.
  std::shared_mutex appending;
  std::unique_ptr<FileLog> log;  // set before `open_for_records`, constant behind it
  std::atomic<bool> open_for_records{false};

  mutable std::mutex mutex;  // guards what follows
  std::string not_ready = "not registered with the stream yet";
  ProducerStanding told;  // all but what the log says at the moment
  std::optional<ProposedSeal> proposed;
  std::condition_variable_any changed;
  bool woken = false;
  bool seal_asked = false;
};

}  // namespace weir
