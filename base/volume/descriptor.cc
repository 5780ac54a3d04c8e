#include "base/volume/descriptor.h"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace weir {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::full;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::denied;
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    default:
      return ErrorCode::unavailable;
  }
}

std::string remedy_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "free space on this volume or move to a larger one";
    case EACCES:
    case EPERM:
      return "give this user the right to it";
    case EROFS:
      return "mount the volume writable";
    case ENOENT:
      return "create it, or name another in the settings";
    case ENOTDIR:
      return "a file stands where a folder should be";
    default:
      return "";
  }
}

}  // namespace

Error error_of(int error_number, std::string_view action, const std::string& path) {
  return Error{
      code_of(error_number),
      std::string(action) + " " + path + ": " + std::system_category().message(error_number),
      remedy_of(error_number)};
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Descriptor> Descriptor::open(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return error_of(errno, "cannot open", path);
  return Descriptor(fd);
}

int Descriptor::release() { return std::exchange(fd_, -1); }

Status Descriptor::close(const std::string& path) {
  const int fd = release();
  // EINTR leaves the descriptor closed on Linux.
  if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) return error_of(errno, "cannot close", path);
  return {};
}

Status write_all(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_of(errno, "cannot write", path);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status sync_descriptor(int fd, const std::string& path) {
  if (::fsync(fd) != 0) return error_of(errno, "cannot fsync", path);
  return {};
}

}  // namespace weir
