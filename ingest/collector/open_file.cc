#include "ingest/collector/open_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weir {

Result<OpenFile> OpenFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const ErrorCode code = errno == ENOENT   ? ErrorCode::not_found
                           : errno == EACCES ? ErrorCode::denied
                                             : ErrorCode::unavailable;
    return Error{code, fmt::format("{}: {}", path, std::strerror(errno)), ""};
  }
  struct stat facts = {};
  if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    ::close(fd);
    return Error{ErrorCode::invalid, path + ": is no regular file", "name a log file"};
  }
  return OpenFile(fd, facts.st_ino);
}

OpenFile::~OpenFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::int64_t OpenFile::size() const {
  struct stat facts = {};
  return fstat(fd_, &facts) == 0 ? static_cast<std::int64_t>(facts.st_size) : 0;
}

OpenFile::Change OpenFile::change() const {
  struct stat facts = {};
  if (fstat(fd_, &facts) != 0) return {};
  return {facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec};
}

}  // namespace weir
