// A gateway's disk: a MemoryDisk whose every call may be its process's last. What a dying process's
// destructors still ask of it does not happen.
#pragma once

#include "ingest/spool/log_disk.h"
#include "tests/simulation/scheduler.h"

#include <memory>

namespace weir::simulation {

class SimDisk : public LogDisk {
 public:
  SimDisk(LogDisk& disk, Scheduler& scheduler) : disk_(disk), scheduler_(scheduler) {}

  Result<std::unique_ptr<LogFile>> open(const std::string& path, OpenFor use) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_folders(const std::string& folder) override;
  Status sync_folder(const std::string& folder) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<std::unique_ptr<LogLock>> lock(const std::string& folder) override;
  std::uint64_t boot() override { return disk_.boot(); }
  std::unique_ptr<LogWatch> watch(const std::string& path) override { return disk_.watch(path); }

 private:
  LogDisk& disk_;
  Scheduler& scheduler_;
};

}  // namespace weir::simulation
