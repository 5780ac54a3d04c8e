#include "base/http/socket_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t kPathMax = sizeof(sockaddr_un::sun_path) - 1;
constexpr mode_t kMode = 0660;

/// Whether anybody accepts connections there.
Result<bool> is_listened_on(const std::string& short_path, const std::string& path) {
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return error_of(errno, "cannot make a socket for", path);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, short_path.data(), short_path.size());
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return true;
  }
  if (errno == EAGAIN || errno == EINPROGRESS) return true;  // its queue is full
  if (errno == ECONNREFUSED || errno == ENOENT) return false;
  return error_of(errno, "cannot connect to", path);
}

}  // namespace

Result<SocketPath> SocketPath::of(const std::string& path) {
  if (path.size() <= kPathMax) return SocketPath(Descriptor(-1), path);
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  Result<Descriptor> opened = Descriptor::open(folder, O_PATH | O_DIRECTORY);
  if (!opened) return opened.error();
  std::string text = "/proc/self/fd/" + std::to_string(opened->get()) + "/" + name;
  if (text.size() > kPathMax) {
    return Error{ErrorCode::invalid, "the name of the socket " + path + " is too long",
                 "give it one of at most 80 bytes"};
  }
  return SocketPath(*std::move(opened), std::move(text));
}

Result<SocketFile> SocketFile::prepare(const std::string& path) {
  Result<SocketPath> place = SocketPath::of(path);
  if (!place) return place.error();
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return error_of(errno, "cannot look at", path);
    return SocketFile(*std::move(place), path);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return Error{ErrorCode::conflict, path + " is there and is no socket", "remove it"};
  }
  const Result<bool> taken = is_listened_on(place->text(), path);
  if (!taken) return taken.error();
  if (*taken) {
    return Error{ErrorCode::conflict, "another process listens on " + path, "stop it"};
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return error_of(errno, "cannot remove", path);
  }
  return SocketFile(*std::move(place), path);
}

SocketFile::~SocketFile() {
  if (!own_) return;
  const Result<Identity> there = look();
  // Its folder may have been moved away, and another process may listen there.
  if (there && *there == *own_) ::unlink(path_.c_str());
}

Result<SocketFile::Identity> SocketFile::look() const {
  struct stat info {};
  if (::lstat(path_.c_str(), &info) != 0) return error_of(errno, "cannot look at", path_);
  return Identity{info.st_dev, info.st_ino};
}

Status SocketFile::guard() {
  if (::chmod(path_.c_str(), kMode) != 0) return error_of(errno, "cannot guard", path_);
  const Result<Identity> made = look();
  if (!made) return made.error();
  own_ = std::make_unique<Identity>(*made);
  return {};
}

}  // namespace weir
