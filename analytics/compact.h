// Housekeeping of the volume, by whole files: merging, retention, the disk budget, removal.
//
//   merge      small files of one kind, event day, append day and level become one of the next level
//              (segments sorted by tenant and time; rollups summed by key)
//   retention  a file goes when its newest append time is older than the setting. Append time, not
//              event time: an old log that was loaded yesterday was put here yesterday, and stays
//   budget     beyond disk_budget_bytes the oldest files go, segments before rollups
//   volume     beyond expire_percent of the volume the oldest segments go, until expire_to_percent is
//              reached; what waits for its removal counts as gone. Where even all segments would not
//              suffice, others fill the volume, and none is taken
//   removal    a file that was replaced or expired stays on the disk for `grace`, which is longer
//              than any query runs, so that no query loses a file under its hands
//
// Crash-safe by the catalogue: the merged file counts, and the merged ones cease to, in one
// transaction; before it the new file is an orphan, after it the old ones wait for removal. A merge
// checks, before it counts, that the new file holds as many events as the old ones. Threads: one;
// further processes may run at the same time, and whoever comes second finds the files gone.
#pragma once

#include "analytics/catalogue.h"
#include "analytics/volume.h"
#include "base/metrics.h"
#include "base/volume/durable_file.h"
#include "storage/duckdb/duck.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weir {

struct CompactOptions {
  Micros retention = std::chrono::hours(24 * 90);          // of segments
  Micros rollup_retention = std::chrono::hours(24 * 400);  // of rollups and histograms
  std::int64_t disk_budget_bytes = 0;                      // of all live files; 0: none
  std::int64_t expire_percent = 85;                        // of the volume; 100: never
  std::int64_t expire_to_percent = 80;
  std::int64_t fan_in = 8;  // files of a level that make a merge
  std::int64_t merged_bytes_max = 256 << 20;
  Micros grace = std::chrono::minutes(2);
  Micros merge_timeout = std::chrono::minutes(5);
  std::int64_t memory_bytes_max = 512 << 20;
  std::function<Result<VolumeSpace>()> space = {};  // empty: the volume's own
};

struct CompactReport {
  std::int64_t merges = 0, files_merged = 0, files_expired = 0, files_removed = 0, orphans = 0;
  std::map<std::string, std::int64_t> expired_bytes = {
      {"retention", 0}, {"disk_budget", 0}, {"volume", 0}};  // by reason
};

class Compactor {
 public:
  static Result<Compactor> open(const AnalyticsVolume& volume, FileOwner& owner,
                                Catalogue& catalogue, CompactOptions options, Clock& clock);

  /// One round of all of it.
  Result<CompactReport> run_once();

 private:
  using Group = std::vector<DataFile>;
  Compactor(const AnalyticsVolume& volume, FileOwner& owner, Catalogue& catalogue,
            CompactOptions options, Clock& clock, DuckDb database, DuckConnection connection);

  Status expire(CompactReport& report);
  Status expire_file(const DataFile& file, const std::string& reason, CompactReport& report);
  Status fit_budget(CompactReport& report);
  Status fit_volume(CompactReport& report);
  void tell_hopeless(bool hopeless);
  Status merge_kind(FileKind kind, CompactReport& report);
  Status merge(const Group& group, CompactReport& report);
  Result<DataFile> write_merged(const Group& group);
  Result<bool> replace(const Group& group, const DataFile& merged);
  Status remove_retired(CompactReport& report);

  const AnalyticsVolume* volume_;
  FileOwner* owner_;
  Catalogue* catalogue_;
  CompactOptions options_;
  Clock* clock_;
  DuckDb database_;
  DuckConnection connection_;
  bool told_hopeless_ = false;
};

/// The merges that are due: files in the order of their ids, each in one group at most. Pure.
std::vector<std::vector<DataFile>> due_merges(const std::vector<DataFile>& files,
                                              const CompactOptions& options, std::int64_t now_us);

}  // namespace weir
