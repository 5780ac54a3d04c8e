#include "analytics/volume.h"

#include "base/digest.h"
#include "base/volume/durable_file.h"
#include "base/volume/volume_marker.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr std::string_view kLock = ".lock";

std::string owners_folder(const AnalyticsVolume& volume) { return volume.root() + "/owners"; }

Error system_error(const std::string& path) {
  return Error{ErrorCode::unavailable, path + ": " + std::strerror(errno), ""};
}

/// Dead: its lock is free, or was removed when it ended. The lock that shows it is released again:
/// tokens are never used twice, so nobody takes it up.
bool is_dead(const AnalyticsVolume& volume, const std::string& token) {
  std::string path = owners_folder(volume) + "/" + token + std::string(kLock);
  int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT;
  bool dead = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  ::close(fd);
  return dead;
}

/// A topic's rows never mix with another's: a stream that moved gets a new volume.
VolumeClaim claim_of(const std::string& topic, const std::string& id) {
  return {"analytics", "analytics.volume", "topic:" + topic, id, "analytics.volume_id"};
}

std::string token_of(const std::string& name) { return name.substr(0, name.find('-')); }

}  // namespace

const char* name_of(FileKind kind) {
  switch (kind) {
    case FileKind::segment:
      return "segment";
    case FileKind::rollup:
      return "rollup";
    case FileKind::histogram:
      return "histogram";
  }
  WEIR_CHECK(!"a kind of file");
}

const char* folder_of(FileKind kind) { return kind == FileKind::segment ? "segments" : "rollups"; }

Status AnalyticsVolume::prepare() const {
  for (const std::string& folder : {folder(FileKind::segment), folder(FileKind::rollup),
                                    identity_folder(), temp_folder(), owners_folder(*this)}) {
    WEIR_TRY(make_folders(folder));
  }
  return check_volume(root_);
}

Result<std::string> AnalyticsVolume::claim(const std::string& topic, const std::string& id) const {
  Result<VolumeMarker> marker = claim_volume(root_, claim_of(topic, id));
  if (!marker) return marker.error();
  return marker->id;
}

Result<std::string> AnalyticsVolume::accept(const std::string& topic) const {
  const VolumeClaim claim = claim_of(topic, "");
  Result<std::optional<VolumeMarker>> stands = read_marker(root_);
  if (!stands) return stands.error();
  if (*stands && (*stands)->side == claim.side && (*stands)->deployment != claim.deployment) {
    return Error{ErrorCode::config,
                 "analytics.volume: " + root_ + " holds data of " + (*stands)->deployment +
                     ", not of " + claim.deployment,
                 "rows of two topics never mix: name an empty folder, or empty this one"};
  }
  Result<VolumeMarker> marker = accept_volume(root_, claim);
  if (!marker) return marker.error();
  return marker->id;
}

// Locked before it bears its name, so that nobody ever sees it unlocked while we live.
Result<FileOwner> FileOwner::register_in(const AnalyticsVolume& volume) {
  std::string token = random_hex(8);
  std::string path = owners_folder(volume) + "/" + token + std::string(kLock);
  std::string unnamed = path + ".new";
  int fd = ::open(unnamed.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return system_error(unnamed);
  FileOwner owner(fd, token, path);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return system_error(unnamed);
  if (::rename(unnamed.c_str(), path.c_str()) != 0) return system_error(path);
  return owner;
}

FileOwner::FileOwner(FileOwner&& other) noexcept
    : fd_(other.fd_),
      token_(std::move(other.token_)),
      path_(std::move(other.path_)),
      next_(other.next_) {
  other.fd_ = -1;
}

FileOwner::~FileOwner() {
  if (fd_ < 0) return;
  ::unlink(path_.c_str());
  ::close(fd_);
}

std::string FileOwner::new_name(FileKind kind) {
  return token_ + "-" + std::to_string(next_++) + "." + name_of(kind) + ".parquet";
}

Result<std::int64_t> remove_orphans(const AnalyticsVolume& volume,
                                    const std::function<Result<bool>(const std::string&)>& named) {
  std::int64_t removed = 0;
  for (FileKind kind : {FileKind::segment, FileKind::rollup}) {
    Result<std::vector<std::string>> names = list_folder(volume.folder(kind));
    if (!names) return names.error();
    for (const std::string& name : *names) {
      if (name.find('-') == std::string::npos || !is_dead(volume, token_of(name))) continue;
      Result<bool> counts = named(name);
      if (!counts) return counts.error();
      if (*counts) continue;
      WEIR_TRY(remove_file_durably(volume.folder(kind) + "/" + name));
      ++removed;
    }
  }
  Result<std::vector<std::string>> locks = list_folder(owners_folder(volume));
  if (!locks) return locks.error();
  for (const std::string& lock : *locks) {
    if (!lock.ends_with(kLock)) continue;
    if (!is_dead(volume, lock.substr(0, lock.size() - kLock.size()))) continue;
    WEIR_TRY(remove_file_durably(owners_folder(volume) + "/" + lock));
  }
  return removed;
}

}  // namespace weir
