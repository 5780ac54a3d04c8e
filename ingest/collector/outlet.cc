#include "ingest/collector/outlet.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/volume/volume_marker.h"
#include "ingest/collector/insist.h"
#include "ingest/connect/connect.h"
#include "ingest/spool/real_disk.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <thread>

namespace weir {
namespace {

// The spool sends again by itself, so that no call need wait long for the broker.
constexpr Micros kDeliveryTimeoutMax = std::chrono::seconds(10);

std::string joined(const std::vector<std::int64_t>& numbers) {
  return fmt::format("[{}]", fmt::join(numbers, ","));
}

std::string optional_time(const std::optional<WallTime>& time) {
  return time ? json_quote(format_rfc3339(time->value)) : "null";
}

std::string kept_remedy(const std::string& folder) {
  return "make the topic take them (max.message.bytes), then: weir-ingest resend " + folder;
}

std::string spools_volume(const CollectorSettings& settings) {
  return settings.spool_folder.empty() ? settings.state_folder : settings.spool_folder;
}

// Bound to no topic: a spool goes with its producer when the stream moves.
VolumeClaim claim_of(const CollectorSettings& settings) {
  return {"ingest", settings.spool_folder.empty() ? "ingest.state_folder" : "ingest.spool_folder",
          "", settings.volume_id, "ingest.volume_id"};
}

/// At every start, for as long as it is so.
void tell_kept(LogDisk& disk, const std::string& folder) {
  const Result<std::vector<KeptRecord>> kept = kept_records(disk, folder);
  if (!kept) log_error(kept.error().text());
  if (!kept || kept->empty()) return;
  log_error("records are kept that the topic could never take; their events are in no bill",
            {{"records", kept->size()},
             {"kept_in", kept_folder(folder)},
             {"remedy", kept_remedy(folder)}});
}

}  // namespace

Status claim_spools(const CollectorSettings& settings) {
  Result<VolumeMarker> marker = claim_volume(spools_volume(settings), claim_of(settings));
  return marker ? Status() : marker.error();
}

Result<std::string> accept_spools(const CollectorSettings& settings) {
  Result<VolumeMarker> marker = accept_volume(spools_volume(settings), claim_of(settings));
  if (!marker) return marker.error();
  return marker->id;
}

VolumeWatch watch_spool(const std::string& folder, Metrics& metrics) {
  return {
      folder,
      "ingest",
      {{80, "make room, or make it larger: when it is full nothing is taken, and clients get 503"}},
      metrics};
}

std::string spool_folder(const CollectorSettings& settings, const std::string& source) {
  const std::string under =
      settings.spool_folder.empty() ? settings.state_folder + "/spool" : settings.spool_folder;
  return under + "/" + source;
}

std::string tail_source(const std::string& path) {
  return "tail-" + sha256_hex(path).substr(0, 16);
}

struct Outlet::State {
  RealDisk disk;
  std::string folder;
  Micros call_timeout;
  std::unique_ptr<RecordSink> stream;
  std::unique_ptr<Producer> producer;
  std::jthread thread;

  Status drain(const std::stop_token& stop);
};

Outlet::Outlet(std::unique_ptr<State> state) : state_(std::move(state)) {}
Outlet::~Outlet() { stop(); }
Producer& Outlet::producer() { return *state_->producer; }
const std::string& Outlet::folder() const { return state_->folder; }
Result<std::int32_t> Outlet::topic_partitions(Deadline deadline) {
  return state_->stream->partition_count(deadline);
}

Result<std::unique_ptr<Outlet>> Outlet::open(const CollectorSettings& settings,
                                             const OutletPurpose& purpose, Metrics& metrics) {
  // A spool that was named by hand lies anywhere.
  const bool ours = purpose.folder.starts_with(spools_volume(settings) + "/");
  if (ours) WEIR_TRY(claim_spools(settings));
  StreamOptions to = settings.stream;
  to.delivery_timeout = std::min(to.delivery_timeout, kDeliveryTimeoutMax);
  if (!purpose.topic.empty()) to.topic = purpose.topic;
  Result<std::unique_ptr<RecordSink>> stream = connect_keeper(to, metrics);
  if (!stream) return stream.error();

  ProducerOptions options;
  options.folder = purpose.folder;
  options.topic = to.topic;
  options.name = purpose.name;
  options.accepted_when = purpose.accepted_when;
  options.spool_bytes_max = settings.spool_bytes_max;
  options.segment_bytes =
      std::clamp<std::int64_t>(settings.spool_bytes_max / 16, 1 << 20, 64 << 20);
  options.seal_interval = settings.seal_interval;
  options.call_timeout = to.delivery_timeout + std::chrono::seconds(1);
  options.open_topic = [to](const std::string& topic) {
    return connect_sink(to.with_topic(topic));
  };
  return over(*std::move(stream), options, metrics);
}

Result<std::unique_ptr<Outlet>> Outlet::over(std::unique_ptr<RecordSink> stream,
                                             const ProducerOptions& options, Metrics& metrics) {
  auto state = std::make_unique<State>();
  state->folder = options.folder;
  state->call_timeout = options.call_timeout;
  state->stream = std::move(stream);
  Result<std::unique_ptr<Producer>> producer =
      Producer::open(state->disk, *state->stream, options, system_clock(), metrics);
  if (!producer) return producer.error();
  state->producer = *std::move(producer);
  tell_kept(state->disk, state->folder);
  return std::unique_ptr<Outlet>(new Outlet(std::move(state)));
}

void Outlet::start() {
  state_->thread =
      std::jthread([this](const std::stop_token& stop) { state_->producer->run(stop); });
}

void Outlet::stop() {
  if (!state_->thread.joinable()) return;
  state_->thread.request_stop();
  state_->thread.join();
}

Status Outlet::State::drain(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Result<bool> busy = producer->forward(Deadline::in(call_timeout));
    if (!busy) return busy.error();
    if (!*busy) return producer->end(Deadline::in(call_timeout));
  }
  return Error{ErrorCode::unavailable, "asked to stop before all was forwarded", ""};
}

Status Outlet::register_at_last(const std::stop_token& stop) {
  return insist(stop, {},
                [this] { return state_->producer->begin(Deadline::in(state_->call_timeout)); });
}

Status Outlet::end(const std::stop_token& stop) {
  return insist(stop, {}, [this, &stop] { return state_->drain(stop); });
}

Status Outlet::end_soon(const std::stop_token& stop, Micros grace) {
  Status ended = end(stop);
  if (!ended && stop.stop_requested()) {
    ended = insist({}, {.at_most = Deadline::in(grace)}, [this] { return state_->drain({}); });
  }
  if (ended) return ended;
  return Error{ended.error().code, ended.error().what,
               "its producer stays registered, and holds periods until it has ended: weir-ingest "
               "retire --spool " +
                   state_->folder};
}

Result<std::vector<KeptRecord>> Outlet::kept() {
  Result<std::vector<KeptRecord>> kept = kept_records(state_->disk, state_->folder);
  if (!kept) return kept;
  const std::string id = state_->producer->standing().id;
  std::erase_if(*kept, [&id](const KeptRecord& record) { return record.producer != id; });
  return kept;
}

Status Outlet::check_taken() {
  Result<std::vector<KeptRecord>> mine = kept();
  if (!mine) return mine.error();
  if (mine->empty()) return {};
  return Error{ErrorCode::invalid,
               fmt::format("{} records can never be taken by the topic, and their events are in no "
                           "bill; they are kept in {}",
                           mine->size(), kept_folder(state_->folder)),
               kept_remedy(state_->folder)};
}

Status Outlet::drop_kept() {
  Result<std::vector<KeptRecord>> mine = kept();
  if (!mine) return mine.error();
  return remove_kept(state_->disk, state_->folder, *mine);
}

Status Outlet::remove() {
  stop();
  state_->producer.reset();
  WEIR_TRY(remove_spool(state_->disk, state_->folder));
  const Result<std::vector<std::string>> kept = state_->disk.list(kept_folder(state_->folder));
  const bool none = kept ? kept->empty() : kept.error().code == ErrorCode::not_found;
  std::error_code ignored;  // an empty folder that stays harms nobody
  if (none) std::filesystem::remove_all(state_->folder, ignored);
  return {};
}

std::string standing_json(const ProducerStanding& standing, Clock& clock) {
  const std::int64_t age = standing.oldest_waiting
                               ? std::max<std::int64_t>(0, clock.now() - *standing.oldest_waiting)
                               : 0;
  return fmt::format(
      R"({{"producer":{},"epoch":{},"not_ready":{},"spool_bytes":{},"records_waiting":{},)"
      R"("oldest_waiting_seconds":{},"sealed_until":{},"numbers":{},"forwarded":{},"voided":{}}})",
      json_quote(standing.id), standing.epoch, json_quote(standing.not_ready), standing.spool_bytes,
      standing.waiting(), age / kMicrosPerSecond, optional_time(standing.sealed_until),
      joined(standing.numbers), joined(standing.forwarded), standing.voided);
}

}  // namespace weir
