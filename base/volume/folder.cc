// Folders as volumes: the lock of their owner, their space, whether they can be written. Declared
// in durable_file.h.
#include "base/digest.h"
#include "base/volume/descriptor.h"
#include "base/volume/durable_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

namespace weir {
namespace {

/// What the holder wrote into the lock file.
std::string holder_of(const std::string& path) {
  Result<std::string> holder = read_file(path, 64);
  return holder && !holder->empty() ? "process " + *holder : "another process";
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& folder) {
  const std::string path = folder + "/lock";
  Result<Descriptor> file = Descriptor::open(path, O_RDWR | O_CREAT);
  if (!file) return file.error();
  if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return error_of(errno, "cannot lock", path);
    return Error{ErrorCode::conflict, folder + " is in use by " + holder_of(path),
                 "stop it, or give this process a folder of its own"};
  }
  // The pid is for people; the lock itself is the kernel's and ends with its holder.
  if (::ftruncate(file->get(), 0) != 0) return error_of(errno, "cannot write", path);
  WEIR_TRY(write_all(file->get(), path, std::to_string(::getpid())));
  return FolderLock(file->release());
}

FolderLock::FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<VolumeSpace> volume_space(const std::string& folder) {
  struct statvfs info {};
  if (::statvfs(folder.c_str(), &info) != 0) {
    return error_of(errno, "cannot ask for the space of", folder);
  }
  // As df counts: what is kept for root is neither ours nor used.
  const std::uint64_t used = info.f_blocks - info.f_bfree;
  return VolumeSpace{(used + info.f_bavail) * info.f_frsize, info.f_bavail * info.f_frsize,
                     info.f_files, info.f_favail};
}

Status check_volume(const std::string& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return error_of(errno, "cannot look at", folder);
  if (!S_ISDIR(info.st_mode)) return error_of(ENOTDIR, "cannot use", folder);
  const std::string path = folder + "/.check-" + random_hex(6);
  Status written = write_file_durably(path, "can this volume be written?\n");
  if (!written) return written;
  return remove_file_durably(path);
}

}  // namespace weir
