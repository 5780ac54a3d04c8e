// What truly happened, kept beside the code under test and never told to it: every event, when it was
// accepted, where its copies stand in the stream and which of them are gone, and what an operator
// said about its loss. The oracle (oracle.h) bills from this.
//
// Events are found in records by `id`, which looks like nothing else in a record ("e000017"): what they
// bear as their client. As their id they bear `name`.
// A partition's life ends when its log is truncated or made anew: offsets mean something within one
// life only. Threads: one.
#pragma once

#include "ingest/stream/record.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace weir::simulation {

/// Where a copy of an event stands, or stood.
struct Copy {
  std::int32_t partition = 0;
  int life = 0;
  std::int64_t offset = 0;
  std::int64_t at_us = 0;   // true time
  bool gone = false;        // truncated, recreated, out of retention
  bool applied = false;     // a consumer had passed it when its life ended
  bool unreadable = false;  // in a record that nobody can decode: passed, it never counted
};

/// A number that a producer gave a record with the event in it.
struct Numbered {
  std::string producer;
  std::int64_t epoch = 0;
  std::int32_t partition = 0;
  std::int64_t number = 0;
  std::int64_t at_us = 0;  // true time
};

struct TrueEvent {
  std::string id, tenant, subscription;
  std::string name;      // the id that it bears
  bool twinned = false;  // an event of another tenant bears the same
  std::int64_t tokens = 0;
  std::vector<std::int64_t> times_us;       // one, and one more for each retry with a new time
  bool foreign = false;                     // no collector took it: it promises no number
  std::optional<std::int64_t> accepted_us;  // true time of the 202, or of the stream's ack
  std::vector<Numbered> numbers;
  std::vector<Copy> copies;
  std::optional<std::int64_t> excused_us;  // an operator accepted its loss
  bool unprovable = false;                 // it stood aside for an operator at some time
  bool poisoned = false;  // it stands in no record that could be read, until somebody mends one

  /// Some copy still stands in the stream, or was passed by a consumer.
  bool reached() const;
  /// A consumer passed a copy before it came to the one that stands here.
  bool counted_before(std::int32_t partition, int life, std::int64_t offset) const;
};

class Truth {
 public:
  TrueEvent& make(std::string tenant, std::string subscription, std::int64_t time_us,
                  std::int64_t tokens);
  std::deque<TrueEvent>& events() { return events_; }
  const std::deque<TrueEvent>& events() const { return events_; }
  /// The events whose ids stand in `bytes`, each once.
  std::vector<TrueEvent*> in(std::string_view bytes);
  /// Every time that is told of an event is told of one only.
  TrueEvent* at_time(std::int64_t time_us);
  void restamped(TrueEvent& event, std::int64_t time_us);

  // The stream's history. `next`: what is applied, by partition, at that moment.
  void appended(std::int32_t partition, std::int64_t offset, std::string_view value,
                std::int64_t at_us);
  void lost_below(std::int32_t partition, std::int64_t offset, std::int64_t next);
  void lost_from(std::int32_t partition, std::int64_t offset, std::int64_t next);
  void begin_life(std::int32_t partition) { ++life_[partition]; }
  int life(std::int32_t partition) { return life_[partition]; }

  /// The broker acknowledged this producer's registration and seals, and lost all of them before
  /// anybody read one: of what else it took, only its own disk knows.
  bool forgotten(const std::string& producer) const;

  // An operator's word; each event is excused once.
  void excuse(TrueEvent& event, std::int64_t at_us);
  void excuse_offsets(std::int32_t partition, std::int64_t from, std::int64_t to,
                      std::int64_t at_us);
  /// What this producer took, and nobody has.
  void excuse_unsent(const std::string& producer, std::int64_t at_us);
  /// When an operator first retired it.
  std::optional<std::int64_t> given_up_us(const std::string& producer) const;
  void excuse_numbers(const Numbered& from, std::int64_t to, std::int64_t at_us);

 private:
  template <class Visit>
  void each_copy(Visit visit);

  std::deque<TrueEvent> events_;
  std::map<std::string, std::int64_t> given_up_us_;
  std::map<std::string, std::vector<Copy>> words_;  // registrations and seals, by producer
  std::map<std::int64_t, std::size_t> by_time_;
  std::map<std::int32_t, int> life_;
};

}  // namespace weir::simulation
