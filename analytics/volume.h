// The analytics volume: its folders, and whose files are whose.
//
//   segments/  rollups/   data files; one counts only while a catalogue row names it
//   catalogue.sqlite      the catalogue
//   identity/             the identity index of the consumer
//   owners/<token>.lock   held (flock) for the life of each process that writes files
//
// A file's name begins with its writer's token: "<token>-<n>.<kind>.parquet", with ".tmp" behind it
// until it is whole. A file that no catalogue row names is an orphan, but while its writer lives it
// may be about to be named; so remove_orphans removes only those of writers that are gone. The
// kernel drops the lock with the process, however it dies. Threads: one.
#pragma once

#include "analytics/data_file.h"
#include "base/result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weir {

class AnalyticsVolume {
 public:
  explicit AnalyticsVolume(std::string root) : root_(std::move(root)) {}

  /// Of a claimed volume. Makes the folders that are missing; error when the volume cannot be written.
  Status prepare() const;
  /// Before all else: is this the volume of analytics, filled from this topic? Marks one that is used for
  /// the first time (base/volume/volume_marker.h). Gives its id, by which index files are counted. `id`,
  /// unless empty, is the one that the settings know.
  Result<std::string> claim(const std::string& topic, const std::string& id) const;
  /// By an operator's word: it is, whatever its marker says; but rows of two topics never mix.
  Result<std::string> accept(const std::string& topic) const;

  const std::string& root() const { return root_; }
  std::string catalogue_path() const { return root_ + "/catalogue.sqlite"; }
  std::string identity_folder() const { return root_ + "/identity"; }
  std::string temp_folder() const { return root_ + "/tmp"; }
  std::string folder(FileKind kind) const { return root_ + "/" + folder_of(kind); }
  std::string path(const DataFile& file) const { return folder(file.kind) + "/" + file.name; }

 private:
  std::string root_;
};

/// This process as a writer of data files.
class FileOwner {
 public:
  static Result<FileOwner> register_in(const AnalyticsVolume& volume);
  FileOwner(FileOwner&& other) noexcept;
  FileOwner& operator=(FileOwner&&) = delete;
  ~FileOwner();

  /// A name that no file of the volume has or had.
  std::string new_name(FileKind kind);
  const std::string& token() const { return token_; }

 private:
  FileOwner(int fd, std::string token, std::string path)
      : fd_(fd), token_(std::move(token)), path_(std::move(path)) {}
  int fd_;
  std::string token_;
  std::string path_;
  std::int64_t next_ = 1;
};

/// Removes data files of writers that are gone and that `named` does not know, and the locks of
/// such writers. `named` is asked after the writer was seen dead, so nothing can name the file any
/// more. Returns how many files were removed.
Result<std::int64_t> remove_orphans(const AnalyticsVolume& volume,
                                    const std::function<Result<bool>(const std::string&)>& named);

}  // namespace weir
