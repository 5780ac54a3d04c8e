#include "tests/simulation/sim_disk.h"

#include <exception>

namespace weir::simulation {
namespace {

/// Error when the process is dying.
Status call(Scheduler& scheduler, const char* where) {
  if (std::uncaught_exceptions() > 0) return Error{ErrorCode::unavailable, "dead", ""};
  scheduler.step(where);
  return {};
}

class SimFile : public LogFile {
 public:
  SimFile(std::unique_ptr<LogFile> file, Scheduler& scheduler)
      : file_(std::move(file)), scheduler_(scheduler) {}

  Result<std::size_t> read(std::uint64_t at, std::span<char> into) override {
    return file_->read(at, into);
  }
  Status write(std::uint64_t at, std::string_view bytes) override {
    WEIR_TRY(call(scheduler_, "disk.write"));
    return file_->write(at, bytes);
  }
  Status truncate(std::uint64_t bytes) override {
    WEIR_TRY(call(scheduler_, "disk.truncate"));
    return file_->truncate(bytes);
  }
  Status sync() override {
    WEIR_TRY(call(scheduler_, "disk.sync"));
    return file_->sync();
  }
  Result<std::uint64_t> size() override { return file_->size(); }

 private:
  std::unique_ptr<LogFile> file_;
  Scheduler& scheduler_;
};

}  // namespace

Result<std::unique_ptr<LogFile>> SimDisk::open(const std::string& path, OpenFor use) {
  WEIR_TRY(call(scheduler_, "disk.open"));
  auto file = disk_.open(path, use);
  if (!file) return file.error();
  return std::unique_ptr<LogFile>(std::make_unique<SimFile>(*std::move(file), scheduler_));
}
Status SimDisk::rename(const std::string& from, const std::string& to) {
  WEIR_TRY(call(scheduler_, "disk.rename"));
  return disk_.rename(from, to);
}
Status SimDisk::remove(const std::string& path) {
  WEIR_TRY(call(scheduler_, "disk.remove"));
  return disk_.remove(path);
}
Status SimDisk::make_folders(const std::string& folder) {
  WEIR_TRY(call(scheduler_, "disk.make_folders"));
  return disk_.make_folders(folder);
}
Status SimDisk::sync_folder(const std::string& folder) {
  WEIR_TRY(call(scheduler_, "disk.sync_folder"));
  return disk_.sync_folder(folder);
}
Result<std::vector<std::string>> SimDisk::list(const std::string& folder) {
  WEIR_TRY(call(scheduler_, "disk.list"));
  return disk_.list(folder);
}
Result<std::unique_ptr<LogLock>> SimDisk::lock(const std::string& folder) {
  WEIR_TRY(call(scheduler_, "disk.lock"));
  return disk_.lock(folder);
}

}  // namespace weir::simulation
