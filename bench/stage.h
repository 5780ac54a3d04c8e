// Stage: where the pipeline is measured. Two topics that hold the same generated events, once as
// JSON (an event a record) and once packed; and for each run a ledger or a volume of its own.
//
// Everything lives in a folder, topics and databases of the bench's own, on the broker and the server
// that WEIR_TEST_KAFKA and WEIR_TEST_POSTGRES* name; all of it goes when the Stage does. Failures
// throw (must.h), with the output of what failed. Threads: one.
#pragma once

#include "bench/usage_lines.h"
#include "storage/postgres/connection.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace weir::bench {

inline constexpr std::int64_t kBucketUs = 900 * kMicrosPerSecond;

struct Load {
  std::int64_t events = 1'000'000;
  std::int64_t seed = 1;
  std::int64_t customers = 1000;
  int partitions = 4;
};

struct Topic {
  std::string name;
  std::int64_t records = 0;  // over all partitions: the sum of their ends
};

/// Of one run: a fresh database, or a fresh volume.
struct Place {
  std::string folder;
  std::string config;    // path of its weir.toml
  std::string database;  // "" for analytics
};

class Stage {
 public:
  /// Fills both topics, which takes about as long as one round.
  explicit Stage(const Load& load);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  const Topic& json() const { return json_; }
  const Topic& packed() const { return packed_; }
  /// What the generator says it must come to; the same for both topics.
  const Expected& expected() const { return expected_; }
  const std::string& folder() const { return folder_; }

  /// Migrated, with the catalogue applied.
  Place new_ledger(const Topic& topic);
  Place new_volume(const Topic& topic);
  /// What is not removed goes with the Stage.
  void remove(const Place& place);
  /// To a ledger's database, as the superuser.
  Connection connect(const Place& place) const;

 private:
  Topic fill(const std::string& format);
  std::int64_t log_end(const std::string& topic) const;
  Place new_place(const std::string& topic, const std::string& database);
  void drop_topic(const std::string& topic) const;
  void drop_database(const std::string& database) const;
  std::string run_well(const std::vector<std::string>& words, const Place& place);

  const Load load_;
  std::string name_;
  std::string folder_;
  Expected expected_;
  Topic json_;
  Topic packed_;
  std::set<std::string> databases_;
  int places_ = 0;
};

/// An address or a path that the environment must hand over.
std::string environment(const std::string& name);
/// Of one of Weir's binaries.
std::string path_of(const std::string& binary);

}  // namespace weir::bench
