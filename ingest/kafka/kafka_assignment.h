// What a member of a group holds, and what of it librdkafka shall fetch. Private to this folder.
//
// held: given by the group. started: start() was called, so there is a position. fetched: started
// and not paused; exactly these are in librdkafka's assignment. Whatever changes that set marks it
// `stale`, and the next poll() hands the library a fresh assignment with every position. This is
// also the way out of the state that a lost position leaves behind, where the library's seek()
// refuses, and it needs no pause flag of the library's.
#pragma once

#include "ingest/kafka/kafka_handle.h"
#include "ingest/stream/record.h"

#include <map>
#include <span>
#include <vector>

namespace weir {

class KafkaAssignment {
 public:
  struct Held {
    bool started = false;
    bool paused = false;
    Offset position;                              // one behind what was passed; valid when started
    std::chrono::steady_clock::time_point moved;  // when it last changed, for the watchdog
  };

  void give(PartitionId partition) { held_[partition] = Held{}; }
  void take_all();
  bool start(PartitionId partition, Offset from);
  void pause(PartitionId partition, bool paused);
  /// Fetching of this partition ended with an error: not fetched until start().
  void stop(PartitionId partition);
  /// Reading passed `next`; never back.
  void passed(PartitionId partition, Offset next);

  /// nullptr unless held and started.
  const Held* reading(PartitionId partition) const;
  const std::map<PartitionId, Held>& held() const { return held_; }

  /// Positions in librdkafka's terms, when they must be handed over anew; else nullptr.
  PartitionList fresh_list(const std::string& topic);
  void mark_stale() { stale_ = true; }
  bool stale() const { return stale_; }

 private:
  std::map<PartitionId, Held> held_;
  bool stale_ = false;
};

}  // namespace weir
