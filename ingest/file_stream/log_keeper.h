// LogKeeper: holds a file log for all processes of a box, so that each of them can append to it.
//
// A log has one writer, by lock. Several processes may run a keeper of the same log: the one that gets
// the lock keeps the log and serves appends on <folder>/writer.sock (append_format.md); the others try
// again every try_every, and one of them takes over when the lock is free, which the kernel sees to
// whatever becomes of its holder. What was acknowledged is on the disk by then; what was not, its sender
// has in doubt.
//
// A keeper never makes a log (new_log.h). It lets a log go, and looks anew, when another one lies in the
// folder, and when the log takes no more records (a volume that failed): after it was opened again, and
// thereby mended, it goes on. A log that is damaged below its durable end is told by not_ready() and in
// the process' log, and left alone but for a look every damage_every.
//
// At rest it wakes once every upkeep_every, or every try_every while it waits for the lock.
// Threads: any, for every call; start() and stop() once, by the owner.
#pragma once

#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "ingest/spool/file_log.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

struct LogKeeperOptions {
  FileLogOptions log;                        // its folder and bounds; `partitions` is not looked at
  std::int64_t queued_bytes_max = 64 << 20;  // of requests under way; further ones are told to wait
  std::int64_t threads = 4;                  // appends of others that can share an fsync
  Micros try_every = std::chrono::milliseconds(200);
  Micros damage_every = std::chrono::seconds(30);
  Micros upkeep_every = std::chrono::seconds(1);
  /// Called on the keeper's thread with the log that it keeps: retention. A failure is logged, and is
  /// no reason to let the log go.
  std::function<Status(FileLog&)> upkeep;
};

class LogKeeper {
 public:
  /// `disk`, `clock` and `metrics` outlive it. Error `config`: no folder is named.
  static Result<std::unique_ptr<LogKeeper>> open(LogDisk& disk, LogKeeperOptions options,
                                                 Clock& clock, Metrics& metrics);
  ~LogKeeper();

  void start();
  /// Ends what is under way, then lets the log go to whoever waits for it.
  void stop();

  /// The id of the log that this process keeps; nothing while it keeps none.
  std::optional<std::string> kept() const;
  /// Why nobody could append because of what this keeper sees; empty when it keeps the log, or another
  /// process does.
  std::vector<std::string> not_ready() const;

  /// As FileLog::append, if the log `id` is kept here. `unavailable`: none is; `conflict`: another one.
  /// Either way nothing was appended.
  Result<std::vector<Appended>> append(const std::string& id, std::span<const LogRecord> records,
                                       Deadline deadline);

 private:
  struct State;
  explicit LogKeeper(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// <folder>/writer.sock
std::string writer_socket(const std::string& folder);

}  // namespace weir
