// A file descriptor that closes itself, and errno as an Error. For base/volume, and the file log's
// disk.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace weir {

/// "<action> <path>: No space left on device", with the code that fits.
Error error_of(int error_number, std::string_view action, const std::string& path);

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  /// Always close-on-exec; new files get mode 0666 less the umask.
  static Result<Descriptor> open(const std::string& path, int flags);
  int get() const { return fd_; }
  int release();
  /// Reports what close() reports: on some file systems the write fails there.
  Status close(const std::string& path);

 private:
  int fd_;
};

Status write_all(int fd, const std::string& path, std::string_view bytes);
/// fsync. After a failure the pages may be lost though marked clean: never tried a second time.
Status sync_descriptor(int fd, const std::string& path);

}  // namespace weir
