// RealDisk: the file log's volume, by the operating system. Threads: any.
#pragma once

#include "ingest/spool/log_disk.h"

namespace weir {

class RealDisk : public LogDisk {
 public:
  Result<std::unique_ptr<LogFile>> open(const std::string& path, OpenFor use) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_folders(const std::string& folder) override;
  Status sync_folder(const std::string& folder) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<std::unique_ptr<LogLock>> lock(const std::string& folder) override;
  /// Of the kernel's boot id; 0 where there is none.
  std::uint64_t boot() override;
  /// In threads: a journal commits all that wait for it with one write.
  Status sync_together(std::span<LogFile* const> files) override;
  std::unique_ptr<LogWatch> watch(const std::string& path) override;
};

}  // namespace weir
