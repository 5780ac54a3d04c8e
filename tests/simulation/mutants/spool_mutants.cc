#include "ingest/spool/log_disk.h"
#include "tests/simulation/mutants/mutant.h"

#include <utility>

namespace weir::simulation {
namespace {

/// A file of which every other fsync is left out, as draws have it: what it should have covered is
/// covered by the next one, if there is one before the power fails.
class HalfSynced : public LogFile {
 public:
  HalfSynced(std::unique_ptr<LogFile> file, bool made, Scheduler& scheduler)
      : file_(std::move(file)), header_(made), scheduler_(scheduler) {}

  Result<std::size_t> read(std::uint64_t at, std::span<char> into) override {
    return file_->read(at, into);
  }
  Status write(std::uint64_t at, std::string_view bytes) override {
    return file_->write(at, bytes);
  }
  Status truncate(std::uint64_t bytes) override { return file_->truncate(bytes); }
  Status sync() override {
    if (!std::exchange(header_, false) && scheduler_.draw(2) == 0) return {};
    return file_->sync();
  }
  Result<std::uint64_t> size() override { return file_->size(); }

 private:
  std::unique_ptr<LogFile> file_;
  bool header_;  // is what the next fsync covers
  Scheduler& scheduler_;
};

/// Segments are not synced before their records are published; all other files are.
class NotSynced : public LogDisk {
 public:
  NotSynced(LogDisk& disk, Scheduler& scheduler) : disk_(disk), scheduler_(scheduler) {}

  Result<std::unique_ptr<LogFile>> open(const std::string& path, OpenFor use) override {
    auto file = disk_.open(path, use);
    const bool segment = path.ends_with(".seg");
    if (!file || !segment || use == OpenFor::reading) return file;
    return std::unique_ptr<LogFile>(
        std::make_unique<HalfSynced>(*std::move(file), use == OpenFor::making, scheduler_));
  }
  Status rename(const std::string& from, const std::string& to) override {
    return disk_.rename(from, to);
  }
  Status remove(const std::string& path) override { return disk_.remove(path); }
  Status make_folders(const std::string& folder) override { return disk_.make_folders(folder); }
  Status sync_folder(const std::string& folder) override { return disk_.sync_folder(folder); }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    return disk_.list(folder);
  }
  Result<std::unique_ptr<LogLock>> lock(const std::string& folder) override {
    return disk_.lock(folder);
  }
  std::uint64_t boot() override { return disk_.boot(); }
  std::unique_ptr<LogWatch> watch(const std::string& path) override { return disk_.watch(path); }

 private:
  LogDisk& disk_;
  Scheduler& scheduler_;
};

}  // namespace

std::vector<Mutant> spool_mutants() {
  return {
      {"R16", "not_synced",
       "a 202 was given, the power fails before the event was forwarded, and the log, which knows "
       "nothing of it, gives its number to the next one",
       [] {
         WorldHooks hooks;
         hooks.favour = {Fault::power_failure};
         hooks.gateway_disk = [](LogDisk& real, Scheduler& scheduler) -> std::unique_ptr<LogDisk> {
           return std::make_unique<NotSynced>(real, scheduler);
         };
         return hooks;
       }},
  };
}

}  // namespace weir::simulation
