// Outlet: how the commands of weir-ingest reach the stream. A Producer (ingest/producer) on this
// machine's volume in front of Kafka, and the thread that forwards and seals for it.
//
// Each source has a spool folder of its own under ingest.spool_folder: "serve", "tail-…", "load-…".
// Threads: producer() any; the rest one.
#pragma once

#include "base/metrics.h"
#include "base/volume/volume_watch.h"
#include "ingest/collector/settings.h"
#include "ingest/producer/kept_records.h"
#include "ingest/producer/producer.h"

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace weir {

struct OutletPurpose {
  std::string folder;  // of its spool, as spool_folder() gives it
  std::string name;    // a new producer id begins with it
  AcceptedWhen accepted_when = AcceptedWhen::input;
  std::string topic;  // empty: stream.topic
};

/// Where a source keeps its spool.
std::string spool_folder(const CollectorSettings& settings, const std::string& source);
/// The folder of the spools bears a marker (base/volume/volume_marker.h): is it the one that it was? Outlet
/// asks by itself; whoever writes there before it must ask first. Error `config`.
Status claim_spools(const CollectorSettings& settings);
/// By an operator's word: it is, whatever its marker says. Gives its id.
Result<std::string> accept_spools(const CollectorSettings& settings);
/// Of the volume that the spool lies on.
VolumeWatch watch_spool(const std::string& folder, Metrics& metrics);
/// "tail-" and a short digest of the tailed path.
std::string tail_source(const std::string& path);

class Outlet {
 public:
  /// Needs no broker. Errors as Producer::open(): `conflict` when another process has the spool.
  static Result<std::unique_ptr<Outlet>> open(const CollectorSettings& settings,
                                              const OutletPurpose& purpose, Metrics& metrics);
  /// The same over another stream than Kafka; `options.call_timeout` bounds each call to it.
  static Result<std::unique_ptr<Outlet>> over(std::unique_ptr<RecordSink> stream,
                                              const ProducerOptions& options, Metrics& metrics);
  /// As stop().
  ~Outlet();

  Producer& producer();
  const std::string& folder() const;
  /// As the stream has them now, whatever the spool has registered.
  Result<std::int32_t> topic_partitions(Deadline deadline);
  /// Registers, as long as nobody asks to stop: then an error. A spool that has registered before
  /// needs no broker for it.
  Status register_at_last(const std::stop_token& stop);
  /// Begins to forward, and to seal.
  void start();
  /// Forwards and seals once more, for a few seconds at most; what is left stays in the spool.
  void stop();
  /// Forwards everything and writes END, as long as nobody asks to stop. Error then `unavailable`.
  Status end(const std::stop_token& stop);
  /// As end(); asked to stop, it goes on for `grace`. The error says how to end it then.
  Status end_soon(const std::stop_token& stop, Micros grace);
  /// What this producer sent voids for: records that the stream can never take (kept_records.h).
  Result<std::vector<KeptRecord>> kept();
  /// Error `invalid` when there is any: how many, where, and what to do.
  Status check_taken();
  Status drop_kept();
  /// Behind end(): the spool is no longer needed. Its folder stays while a record is kept in it.
  Status remove();

 private:
  struct State;
  explicit Outlet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// {"producer":"gw-1-5f3a0c2b","epoch":1,"spool_bytes":…,"waiting":…,"oldest_waiting":…,…}
std::string standing_json(const ProducerStanding& standing, Clock& clock);

}  // namespace weir
