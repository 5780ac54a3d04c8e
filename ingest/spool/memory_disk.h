// MemoryDisk: a volume in memory, with power failures, for tests and simulation.
//
// Every file has its content as readers see it, and the part of it that a power failure cannot take:
// what sync() covered. So have folders their names, by sync_folder(). power_fail() lets the caller
// choose, write by write, what of the rest survives: all, nothing, a prefix, or all but a piece in
// the middle (the disk writes sectors in any order). make_folders() is durable at once.
//
// Files that were open before a power failure answer `unavailable` ever after, and locks are gone.
// Threads: any; one lock around everything. The disk outlives its files and locks.
#pragma once

#include "ingest/spool/log_disk.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace weir {

class MemoryDisk : public LogDisk {
 public:
  MemoryDisk();
  ~MemoryDisk() override;

  Result<std::unique_ptr<LogFile>> open(const std::string& path, OpenFor use) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_folders(const std::string& folder) override;
  Status sync_folder(const std::string& folder) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<std::unique_ptr<LogLock>> lock(const std::string& folder) override;
  std::uint64_t boot() override;
  /// Nobody writes while the one thread waits.
  std::unique_ptr<LogWatch> watch(const std::string& path) override;

  /// A number in [0, n): what becomes of the next thing that was not synced.
  using Choice = std::function<std::uint64_t(std::uint64_t n)>;
  void power_fail(const Choice& choice);
  /// The machine goes on, and with it everything that was written; locks are gone.
  void kill_process();

  /// Everything that changes the disk counts as a step. From step `step` on (the next one is 1)
  /// everything fails with `unavailable`, until power_fail() or kill_process(); a write at that step is done in part,
  /// as `choice` says. 0: never.
  void die_at_step(std::int64_t step, Choice choice);
  std::int64_t steps() const;
  bool dead() const;

  enum class Call { write, sync, make, rename, remove, truncate, read };
  /// The next `times` calls of that kind fail so. A write of `full` leaves its first half; a sync of
  /// a file loses what it was to make durable, for good, while readers go on seeing it.
  void fail(Call call, ErrorCode code, int times = 1);
  /// The volume holds this many bytes; a write beyond is `full`, after what fits. 0: no bound.
  void set_bytes_max(std::uint64_t bytes);

  /// What stands in a file now, "" when it is not there; and to damage it, durably.
  std::string content(const std::string& path) const;
  void set_content(const std::string& path, std::string bytes);

 private:
  struct State;
  class File;
  class Lock;
  std::shared_ptr<State> state_;
};

}  // namespace weir
