// The file of a Unix-domain socket: who may connect, and what a dead process left of it.
//
// The kernel takes paths of about 107 bytes. A longer one is reached through the folder's descriptor,
// /proc/self/fd/N/<name>, as long as the object lives. Threads: one at a time.
#pragma once

#include "base/result.h"
#include "base/volume/descriptor.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace weir {

/// A path to a socket that the kernel takes.
class SocketPath {
 public:
  /// `not_found` (no such folder), `invalid` (the name itself is too long).
  static Result<SocketPath> of(const std::string& path);
  const std::string& text() const { return text_; }

 private:
  SocketPath(Descriptor folder, std::string text)
      : folder_(std::move(folder)), text_(std::move(text)) {}
  Descriptor folder_;  // -1: the path is short enough as it is
  std::string text_;
};

/// The listener's side. The destructor removes the file if it is still the one that guard() saw.
class SocketFile {
 public:
  /// Removes a socket on which nobody listens. `conflict`: somebody does, or it is no socket.
  static Result<SocketFile> prepare(const std::string& path);
  SocketFile(SocketFile&& other) noexcept = default;
  SocketFile& operator=(SocketFile&& other) noexcept = default;
  ~SocketFile();

  /// To bind to.
  const std::string& short_path() const { return place_.text(); }
  /// Bound: mode 0660.
  Status guard();

 private:
  struct Identity {
    std::uint64_t device = 0, inode = 0;
    bool operator==(const Identity&) const = default;
  };
  explicit SocketFile(SocketPath place, std::string path)
      : place_(std::move(place)), path_(std::move(path)) {}
  Result<Identity> look() const;

  SocketPath place_;
  std::string path_;
  std::unique_ptr<Identity> own_;  // of the file that was made here
};

}  // namespace weir
