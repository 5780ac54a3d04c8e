#include "ingest/spool/real_disk.h"

#include "base/digest.h"
#include "base/volume/descriptor.h"
#include "base/volume/durable_file.h"
#include "ingest/spool/file_watch.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace weir {
namespace {

constexpr std::size_t kSyncsAtOnce = 8;

class RealFile : public LogFile {
 public:
  RealFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read(std::uint64_t at, std::span<char> into) override {
    std::size_t got = 0;
    while (got < into.size()) {
      const ssize_t n = ::pread(descriptor_.get(), into.data() + got, into.size() - got,
                                static_cast<off_t>(at + got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return error_of(errno, "cannot read", path_);
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  }
  Status write(std::uint64_t at, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n =
          ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return error_of(errno, "cannot write", path_);
      bytes.remove_prefix(static_cast<std::size_t>(n));
      at += static_cast<std::uint64_t>(n);
    }
    return {};
  }
  Status truncate(std::uint64_t bytes) override {
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(bytes)) != 0) {
      return error_of(errno, "cannot cut", path_);
    }
    return {};
  }
  Status sync() override {
    // The length is part of what fdatasync covers; the times are not, and nobody needs them.
    if (::fdatasync(descriptor_.get()) != 0) return error_of(errno, "cannot fsync", path_);
    return {};
  }
  Result<std::uint64_t> size() override {
    struct stat info {};
    if (::fstat(descriptor_.get(), &info) != 0) return error_of(errno, "cannot look at", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  const Descriptor descriptor_;
  const std::string path_;
};

class RealLock : public LogLock {
 public:
  explicit RealLock(FolderLock lock) : lock_(std::move(lock)) {}

 private:
  FolderLock lock_;
};

int flags_for(OpenFor use) {
  switch (use) {
    case OpenFor::reading:
      return O_RDONLY;
    case OpenFor::writing:
      return O_RDWR;
    case OpenFor::making:
      return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

}  // namespace

Result<std::unique_ptr<LogFile>> RealDisk::open(const std::string& path, OpenFor use) {
  Result<Descriptor> descriptor = Descriptor::open(path, flags_for(use));
  if (!descriptor) return descriptor.error();
  return std::unique_ptr<LogFile>(std::make_unique<RealFile>(*std::move(descriptor), path));
}

Status RealDisk::rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return error_of(errno, "cannot rename", from);
  return {};
}

Status RealDisk::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return error_of(errno, "cannot remove", path);
  }
  return {};
}

Status RealDisk::make_folders(const std::string& folder) { return weir::make_folders(folder); }
Status RealDisk::sync_folder(const std::string& folder) { return weir::sync_folder(folder); }
Result<std::vector<std::string>> RealDisk::list(const std::string& folder) {
  return list_folder(folder);
}

Result<std::unique_ptr<LogLock>> RealDisk::lock(const std::string& folder) {
  Result<FolderLock> lock = FolderLock::take(folder);
  if (!lock) return lock.error();
  return std::unique_ptr<LogLock>(std::make_unique<RealLock>(*std::move(lock)));
}

std::uint64_t RealDisk::boot() {
  static const std::uint64_t id = [] {
    const Result<std::string> text = read_file("/proc/sys/kernel/random/boot_id", 64);
    if (!text) return std::uint64_t{0};
    const Sha256 digest = sha256(*text);
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, digest.data(), sizeof bytes);
    return bytes;
  }();
  return id;
}

Status RealDisk::sync_together(std::span<LogFile* const> files) {
  if (files.size() < 2) return LogDisk::sync_together(files);
  std::vector<Status> done(files.size());
  std::atomic<std::size_t> next = 0;
  const auto sync_some = [&] {
    for (std::size_t i = next++; i < files.size(); i = next++) done[i] = files[i]->sync();
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < std::min(files.size(), kSyncsAtOnce); ++i) {
      try {
        helpers.emplace_back(sync_some);
      } catch (const std::system_error&) {
        break;  // no thread to be had: then one after the other
      }
    }
    sync_some();
  }
  for (Status& status : done) WEIR_TRY(std::move(status));
  return {};
}

std::unique_ptr<LogWatch> RealDisk::watch(const std::string& path) { return watch_file(path); }

}  // namespace weir
