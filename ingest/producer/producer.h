// Producer: numbers what it appends, keeps it until the stream has it, and seals (R13 to R15).
//
// A Producer is a RecordSink in front of another one, with a spool between them. append() puts
// records into the spool, a file log with as many partitions as the topic; a record's number is its
// offset there + 1, so numbers have no holes, and nothing is sent that is not fsynced. forward()
// sends what the spool holds, in order, with its numbers; seal() tells the stream up to which wall
// time W everything is in, and up to which numbers; end() says that there will never be more.
//
//   folder/producer      who this is: id, epochs with their topics, whether registered, ended
//   folder/cursor        what is forwarded; may lag: then records are sent again, by their numbers
//   folder/epoch-1/      the spool itself (ingest/spool)
//   folder/rejects/      records that the stream can never take; their numbers are sent as voids
//
// The id is made with the spool and lost with it: whoever comes without one is a new producer, and
// the old one stays unsealed until an operator retires it. Another topic begins a new epoch, after the
// old one's spool is drained to the old topic, which gets the old epoch's final seal (R2). More
// partitions under the same name are refused until the topic is as it was.
//
// Every step may be called again after an error, and none sleeps. Threads: append(),
// partition_count() and standing() any; the steps from any, one at a time (they lock). What a step
// asks of the stream ends by its deadline.
#pragma once

#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "ingest/spool/log_disk.h"
#include "ingest/stream/sink.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace weir {

/// When an event counts as accepted (R14); every seal says it.
enum class AcceptedWhen {
  spool,   // fsynced in the spool
  broker,  // acknowledged by the stream
  input    // it stands in the input that is read (R15): append() as for `spool`
};
const char* name_of(AcceptedWhen accepted_when);

struct ProducerOptions {
  std::string folder;
  std::string topic;          // whose name `stream` writes to
  std::string name = "weir";  // a new id begins with it; characters an id cannot have become '-'
  AcceptedWhen accepted_when = AcceptedWhen::spool;
  std::int64_t spool_bytes_max = std::int64_t{1} << 30;  // beyond it append() is `full`
  std::int64_t segment_bytes = std::int64_t{64} << 20;
  std::int64_t batch_bytes_max = 4 << 20;  // of one append to the stream
  std::size_t batch_records_max = 8192;
  Micros cursor_interval = std::chrono::seconds(1);  // how far the cursor file may lag
  // of run() alone
  Micros seal_interval = std::chrono::seconds(5);
  Micros call_timeout = std::chrono::seconds(11);
  Micros stop_timeout = std::chrono::seconds(5);  // for the last forwarding and the last seal
  /// Opens another topic, that of a former epoch whose spool is not empty. Error `not_found` when
  /// it is gone. May be empty: then such a spool is refused.
  std::function<Result<std::unique_ptr<RecordSink>>(const std::string& topic)> open_topic;
};

/// How it stands, for readiness, metrics and people.
struct ProducerStanding {
  std::string id;  // "" before the first registration
  std::int64_t epoch = 0;
  std::string not_ready;  // why append() refuses; "" when it does not
  bool ending = false;    // end() was called, and the stream may not have END yet
  bool ended = false;
  std::int64_t spool_bytes = 0;
  std::vector<std::int64_t> numbers;       // the last one of each partition
  std::vector<std::int64_t> forwarded;     // acknowledged by the stream
  std::optional<WallTime> oldest_waiting;  // append time of the oldest record that is not forwarded
  std::optional<WallTime> sealed_until;    // W of the last seal of this run that is acknowledged
  std::int64_t voided = 0;                 // since open()

  std::int64_t waiting() const;  // records that are not forwarded
};

class Producer : public RecordSink {
 public:
  /// Needs no stream yet. All of `disk`, `stream`, `clock` and `metrics` outlive it. A spool that
  /// was ended for good is cleared away: a new producer begins. Errors: `conflict` (another process
  /// has the folder: says which), `integrity` (the spool is damaged, or its parts are not of one
  /// another), the disk's.
  static Result<std::unique_ptr<Producer>> open(LogDisk& disk, RecordSink& stream,
                                                ProducerOptions options, Clock& clock,
                                                Metrics& metrics);
  ~Producer() override;

  /// Returns the places in the spool. Of a record's origin only `redrive` is taken. Errors:
  /// `unavailable` (not registered yet: nothing was taken), `full`, `invalid`, `conflict` (ended),
  /// `in_doubt` (accepted_when = broker: it is spooled and will be sent, but was not acknowledged).
  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override;
  /// The spool's, which are the topic's. `unavailable` as append().
  Result<std::int32_t> partition_count(Deadline deadline) override;

  /// What is to be done before the first record: drains a former epoch, learns the partitions,
  /// registers in every partition. The other steps begin by it; done once, it costs nothing.
  Status begin(Deadline deadline);
  /// Sends the next batch. True: there was one, and the stream has it.
  Result<bool> forward(Deadline deadline);
  /// Takes W = now and then the numbers, unless a seal is under way, and sends the seal if all that
  /// it tells of is forwarded. True: the stream has it. False: forward() first, then call again.
  Result<bool> seal(Deadline deadline);
  /// Instead of seal()'s own W (R15): everything accepted before `until` is appended by now. False
  /// when a seal is still under way; `until` is then forgotten.
  bool propose_seal(WallTime until);
  /// As seal(), but without taking a W of its own: false as well when there is no seal under way.
  Result<bool> send_proposed_seal(Deadline deadline);
  /// From now on append() refuses, also after a restart. Forwards what is left and sends END; does
  /// both anew when called again after an error.
  Status end(Deadline deadline);

  /// Forwards and seals until asked to stop; forwards and seals once more then. The thread that
  /// runs it may sleep. With accepted_when = input it sends only seals that were proposed.
  void run(const std::stop_token& stop);
  /// Wakes run(): seal soon.
  void ask_for_seal();

  ProducerStanding standing() const;

 private:
  struct State;
  explicit Producer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What a spool folder says of itself without being opened; for `weir-ingest retire`.
struct SpoolIdentity {
  std::string producer;
  std::string topic;
  AcceptedWhen accepted_when = AcceptedWhen::spool;
  bool ended = false;
};
/// `not_found`: there is no spool.
Result<SpoolIdentity> read_spool_identity(LogDisk& disk, const std::string& folder);
/// Removes a spool that has ended; refuses (`conflict`) any other.
Status remove_spool(LogDisk& disk, const std::string& folder);

}  // namespace weir
