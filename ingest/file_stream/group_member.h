// GroupMember: one process's place among those that share a stream's partitions, without a broker.
//
// The members of a group meet in a folder of their own volume, where each has a file with its heartbeat
// and the partitions that it claims (member_file.h). Live is who holds the lock on its file and beat
// less than session_timeout ago: the place of a killed process is free at once, that of a frozen one
// after session_timeout. Partitions are dealt by rank among the live, the longest member first: member
// i of n gets those with p mod n = i. All of one machine, by its steady clock, which never jumps.
//
// A partition changes hands in two steps: who has it is told to give it up (look() without it) and
// frees it at his next look(); only then does the next one claim it. Two who claim at once both let go
// and try again. Who does not come to look, though he beats, is waited for no longer than
// session_timeout: then a partition has two readers for a moment, which costs work and nothing else,
// since progress is compared and set (R3).
//
// A member that finds that it did not beat for session_timeout (it was frozen, or its loop stood still
// for max_poll_interval) has lost its place: it gives everything up at once and joins anew.
// Trouble with the folder is logged once, and ends that way when it lasts. Threads: look() the loop's,
// beat() any.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/file_stream/member_file.h"
#include "ingest/stream/record.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct GroupOptions {
  Micros session_timeout = std::chrono::seconds(10);
  Micros heartbeat_interval = std::chrono::milliseconds(2'500);  // how often beat() is to be called
  Micros look_interval = std::chrono::milliseconds(500);  // how often look() goes to the folder
  Micros max_poll_interval = std::chrono::minutes(5);     // without look(): then beat() stops
};

class GroupMember {
 public:
  /// Makes the folder if it is not there. `clock` outlives it. Errors: `config` (times that cannot be,
  /// no partition), and the volume's.
  static Result<std::unique_ptr<GroupMember>> join(const std::string& folder,
                                                   std::int32_t partitions,
                                                   const GroupOptions& options, Clock& clock);
  /// Leaves: what it has is free at once.
  ~GroupMember() = default;

  /// What this member has from now on, when that changed. Whatever is not in it any more must not be
  /// read again, and counts as given up at the next call.
  std::optional<std::vector<PartitionId>> look();
  /// Still here. Does nothing once the place is lost, or the loop stands still.
  void beat();

  std::int32_t partitions() const { return partitions_; }

 private:
  using Claims = std::vector<bool>;  // by partition
  GroupMember(std::string folder, std::int32_t partitions, const GroupOptions& options,
              Clock& clock);
  std::int64_t now_us() const;
  Status sit_down(std::int64_t now);
  Status write(const Claims& claims, std::int64_t now);
  bool lost_place(std::int64_t now) const;
  std::optional<std::vector<PartitionId>> give_up(const std::string& why, std::int64_t now);
  Result<std::optional<std::vector<PartitionId>>> settle(std::int64_t now);
  Result<std::vector<SeenMember>> live_members(std::int64_t now) const;
  Claims share_of_mine(const std::vector<SeenMember>& live) const;
  Claims claimed_by_others(const std::vector<SeenMember>& live) const;
  Claims free_of(const Claims& wanted, const Claims& claimed, std::int64_t now);
  Result<bool> claim(const Claims& taken, std::int64_t now);
  std::vector<PartitionId> held() const;
  void tell_trouble(const Status& status);

  // constant
  const std::string folder_;
  const std::int32_t partitions_;
  const GroupOptions options_;
  Clock& clock_;
  const std::uint64_t boot_;

  std::mutex mutex_;                  // guards what follows
  std::unique_ptr<MemberFile> seat_;  // none: the place is lost
  std::int64_t beat_at_us_ = 0;       // as it stands in the file
  std::int64_t looked_at_us_ = 0;
  std::int64_t next_look_us_ = 0;
  Claims held_;     // what look() told
  Claims claimed_;  // what stands in the file: also what is not given up yet
  std::map<std::size_t, std::int64_t> waiting_since_us_;  // for partitions that others still claim
  std::string trouble_;                                   // as it was logged; "" when there is none
  bool silent_ = false;                                   // the loop stands still: logged
};

}  // namespace weir
