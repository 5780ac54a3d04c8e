// The gate: reads where things stand, writes the barrier for T, waits until it is passed (R9).
//
// A barrier that was recorded stands for every later attempt at its T; only missing ones are written.
// None is written while lineage or catalogue are in doubt. Waiting, for the consumer to pass the
// barrier and for the producers' next seals, ends at the deadline with the reasons, never with a charge.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "billing/gate_store.h"
#include "billing/readiness.h"
#include "billing/stream_eye.h"
#include "ingest/stream/sink.h"

#include <functional>

namespace weir {

struct GateOptions {
  Micros wait = std::chrono::seconds(30);            // for the barrier to be passed
  Micros call_timeout = std::chrono::seconds(10);    // of one call to the database
  Micros look_timeout = std::chrono::seconds(5);     // of one look at the stream
  Micros append_timeout = std::chrono::seconds(10);  // of writing the barrier
  Micros poll_interval = std::chrono::milliseconds(100);
  Profile profile = Profile::development;
  Micros hold_max = std::chrono::hours(7 * 24);
};

class Gate {
 public:
  /// `sleep` passes the time between two looks: an argument, so that tests own it.
  Gate(GateStore& store, StreamEye& eye, RecordSink& sink, GateOptions options,
       std::function<void(Micros)> sleep);

  /// Where things stand now. Errors are the database's alone; the broker's stand in `stream`.
  Result<Standing> stand();

  /// Writes what is missing of T's barrier and waits for it.
  Result<Readiness> prove(std::int64_t t_us);

  /// The standing that the last prove() judged.
  const Standing& standing() const { return standing_; }

 private:
  Result<std::vector<Reason>> write_barriers(std::int64_t t_us);
  Result<Readiness> wait(std::int64_t t_us);
  Deadline soon() const { return Deadline::in(options_.call_timeout); }

  GateStore& store_;
  StreamEye& eye_;
  RecordSink& sink_;
  GateOptions options_;
  std::function<void(Micros)> sleep_;
  Standing standing_;
};

/// What the barrier's record says: {"barrier":"<id>","until_us":T,"incarnation":n}.
std::string barrier_value(const std::string& id, std::int64_t t_us, std::int32_t incarnation);
constexpr std::string_view kBarrierContentType = "application/vnd.weir.barrier";

}  // namespace weir
