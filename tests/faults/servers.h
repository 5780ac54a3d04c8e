// Small volumes, and a PostgreSQL server of a test's own upon them.
#pragma once

#include <string>

namespace weir::test {

/// A small file system in memory (tmpfs), mounted for the life of this.
class SmallVolume {
 public:
  /// Ends the test when mounting is not allowed: needs root, as CI has.
  SmallVolume(std::string folder, int mebibytes);
  ~SmallVolume();
  SmallVolume(const SmallVolume&) = delete;
  SmallVolume& operator=(const SmallVolume&) = delete;

  const std::string& folder() const { return folder_; }
  /// Takes every byte that is left.
  void fill();
  /// Gives them back.
  void make_room();
  bool is_full() const;

 private:
  const std::string folder_;
};

/// A PostgreSQL server of a test's own, with its data, and its WAL, on small volumes.
class PrivatePostgres {
 public:
  PrivatePostgres(int data_mebibytes, int wal_mebibytes);
  ~PrivatePostgres();

  SmallVolume& data() { return data_; }
  SmallVolume& wal() { return wal_; }
  /// Starts it again when it is down; that it cannot start is no error of the test's.
  bool start();
  bool running();
  /// Connection strings of the superuser and the two roles.
  std::string admin, quota, billing;

 private:
  std::string home_;
  SmallVolume data_, wal_;
};

}  // namespace weir::test
