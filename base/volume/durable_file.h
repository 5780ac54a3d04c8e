// Files that survive a power cut, and the folders ("volumes") that hold them.
//
// Every write here returns only when it is on the disk: file contents by fsync, names by an fsync
// of the folder. Errors: `full` for ENOSPC/EDQUOT, `denied` for EACCES/EROFS, `not_found`, else
// `unavailable`; each names the path.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Writes `bytes` under a temporary name in the same folder, fsyncs, renames over `path`, fsyncs
/// the folder: a reader sees the old content or the new, never a part.
Status write_file_durably(const std::string& path, std::string_view bytes);
/// fsync a file that somebody else wrote, rename it to `to`, fsync the folder of `to`.
Status publish_file(const std::string& from, const std::string& to);
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);
/// Removing what is not there is success.
Status remove_file_durably(const std::string& path);
Status sync_folder(const std::string& folder);
Status make_folders(const std::string& folder);
/// Plain names of the entries of a folder, sorted.
Result<std::vector<std::string>> list_folder(const std::string& folder);

/// An append-only file: each append is on the disk when it returns. One process at a time, by an
/// exclusive lock (`conflict` when another holds it). A torn last line (no newline) of a crashed
/// writer is cut off at open.
class AppendFile {
 public:
  static Result<AppendFile> open(const std::string& path);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  ~AppendFile();
  /// `line` without its newline; must contain none.
  Status append_line(std::string_view line);
  /// Calls `each` with every line, first to last.
  Status for_each_line(const std::function<void(std::string_view)>& each) const;

 private:
  AppendFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::string path_;
};

/// Holds `path` locked (flock) for the life of the object; `conflict` names who holds it.
class FolderLock {
 public:
  static Result<FolderLock> take(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

struct VolumeSpace {
  std::uint64_t bytes_total = 0;   // without what is kept for root
  std::uint64_t bytes_free = 0;    // to us, not to root
  std::uint64_t inodes_total = 0;  // 0: the file system has no number of them
  std::uint64_t inodes_free = 0;
};
Result<VolumeSpace> volume_space(const std::string& folder);
/// The folder is there, is a folder and can be written: checked by writing and removing a file.
Status check_volume(const std::string& folder);

}  // namespace weir
