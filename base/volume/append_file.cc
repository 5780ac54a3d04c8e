// AppendFile: one line a call, each on the disk before the call returns. Declared in
// durable_file.h.
//
// A line is whole when its newline is there. The writer cuts a torn last line at open: its append
// never returned, so nobody was told that it is kept. A failed append is cut off again for the same
// reason; if even that fails, the file takes no more lines (the next open cuts).
#include "base/volume/descriptor.h"
#include "base/volume/durable_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t kChunk = 64 * 1024;

Result<off_t> size_of(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return error_of(errno, "cannot look at", path);
  return info.st_size;
}

Result<std::size_t> read_at(int fd, const std::string& path, char* into, std::size_t bytes,
                            off_t at) {
  while (true) {
    const ssize_t n = ::pread(fd, into, bytes, at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_of(errno, "cannot read", path);
    return static_cast<std::size_t>(n);
  }
}

/// The length up to and with the last newline.
Result<off_t> whole_length(int fd, const std::string& path) {
  Result<off_t> size = size_of(fd, path);
  if (!size) return size;
  char chunk[kChunk];
  for (off_t end = *size; end > 0;) {
    const off_t begin = end > static_cast<off_t>(kChunk) ? end - static_cast<off_t>(kChunk) : 0;
    const auto wanted = static_cast<std::size_t>(end - begin);
    Result<std::size_t> got = read_at(fd, path, chunk, wanted, begin);
    if (!got) return got.error();
    const std::size_t newline = std::string_view(chunk, *got).rfind('\n');
    if (newline != std::string_view::npos) return begin + static_cast<off_t>(newline) + 1;
    end = begin;
  }
  return off_t{0};
}

Status cut_to(int fd, const std::string& path, off_t length) {
  if (::ftruncate(fd, length) != 0) return error_of(errno, "cannot cut", path);
  return sync_descriptor(fd, path);
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<AppendFile> AppendFile::open(const std::string& path) {
  Result<Descriptor> file = Descriptor::open(path, O_RDWR | O_CREAT | O_APPEND);
  if (!file) return file.error();
  if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return error_of(errno, "cannot lock", path);
    return Error{ErrorCode::conflict, path + " is being written by another process",
                 "stop the other process, or wait for it to end"};
  }
  Result<off_t> size = size_of(file->get(), path);
  if (!size) return size.error();
  Result<off_t> whole = whole_length(file->get(), path);
  if (!whole) return whole.error();
  if (*whole < *size) WEIR_TRY(cut_to(file->get(), path, *whole));
  // The name itself must survive too, and whoever made the file may have died before its fsync.
  WEIR_TRY(sync_folder(parent_of(path)));
  return AppendFile(file->release(), path);
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

AppendFile::~AppendFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status AppendFile::append_line(std::string_view line) {
  WEIR_CHECK(line.find('\n') == std::string_view::npos);
  if (fd_ < 0) {
    return Error{ErrorCode::unavailable, path_ + " took no more lines after a failed append",
                 "open it again"};
  }
  Result<off_t> before = size_of(fd_, path_);
  if (!before) return before.error();
  std::string bytes(line);
  bytes += '\n';
  Status done = write_all(fd_, path_, bytes);
  if (done) done = sync_descriptor(fd_, path_);
  if (!done && !cut_to(fd_, path_, *before)) {
    ::close(fd_);
    fd_ = -1;
  }
  return done;
}

Status AppendFile::for_each_line(const std::function<void(std::string_view)>& each) const {
  if (fd_ < 0) return Error{ErrorCode::unavailable, path_ + " is closed", "open it again"};
  std::string rest;
  char chunk[kChunk];
  for (off_t at = 0;;) {
    Result<std::size_t> got = read_at(fd_, path_, chunk, kChunk, at);
    if (!got) return got.error();
    if (*got == 0) return {};
    at += static_cast<off_t>(*got);
    rest.append(chunk, *got);
    std::size_t from = 0;
    for (std::size_t newline = rest.find('\n'); newline != std::string::npos;
         newline = rest.find('\n', from)) {
      each(std::string_view(rest).substr(from, newline - from));
      from = newline + 1;
    }
    rest.erase(0, from);
  }
}

}  // namespace weir
