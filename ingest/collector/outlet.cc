#include "ingest/collector/outlet.h"

#include "base/backoff.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/process.h"
#include "ingest/kafka/kafka_sink.h"
#include "ingest/spool/real_disk.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <thread>

namespace weir {
namespace {

// The spool sends again by itself, so that no call need wait long for the broker.
constexpr Micros kDeliveryTimeoutMax = std::chrono::seconds(10);

Result<std::unique_ptr<RecordSink>> open_topic(KafkaOptions options, const std::string& topic) {
  options.topic = topic;
  Result<std::unique_ptr<KafkaSink>> sink = KafkaSink::open(options);
  if (!sink) return sink.error();
  return std::unique_ptr<RecordSink>(*std::move(sink));
}

bool may_pass(ErrorCode code) {
  return code == ErrorCode::unavailable || code == ErrorCode::in_doubt || code == ErrorCode::full;
}

/// Again and again while the stream is away; says so once.
Status insist(const std::stop_token& stop, const std::function<Status()>& action) {
  Backoff backoff(1, std::chrono::milliseconds(50), std::chrono::seconds(2));
  std::string told;
  while (true) {
    Status done = action();
    if (done || !may_pass(done.error().code)) return done;
    if (const std::string text = done.error().text(); text != told) {
      log_warn("waiting for the stream", {{"error", text}});
      told = text;
    }
    if (sleep_until_stop(stop, backoff.next())) return done;
  }
}

std::string joined(const std::vector<std::int64_t>& numbers) {
  return fmt::format("[{}]", fmt::join(numbers, ","));
}

std::string optional_time(const std::optional<WallTime>& time) {
  return time ? json_quote(format_rfc3339(time->value)) : "null";
}

}  // namespace

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
  std::unique_ptr<RecordSink> sink;
  std::unique_ptr<Producer> producer;
  std::jthread thread;

  Status drain(const std::stop_token& stop);
};

Outlet::Outlet(std::unique_ptr<State> state) : state_(std::move(state)) {}
Outlet::~Outlet() { stop(); }
Producer& Outlet::producer() { return *state_->producer; }

Result<std::unique_ptr<Outlet>> Outlet::open(const CollectorSettings& settings,
                                             const OutletPurpose& purpose, Metrics& metrics) {
  KafkaOptions kafka = settings.kafka;
  kafka.delivery_timeout = std::min(kafka.delivery_timeout, kDeliveryTimeoutMax);
  if (!purpose.topic.empty()) kafka.topic = purpose.topic;
  auto state = std::make_unique<State>();
  state->folder = purpose.folder;
  state->call_timeout = kafka.delivery_timeout + std::chrono::seconds(1);
  Result<std::unique_ptr<RecordSink>> sink = open_topic(kafka, kafka.topic);
  if (!sink) return sink.error();
  state->sink = *std::move(sink);

  ProducerOptions options;
  options.folder = purpose.folder;
  options.topic = kafka.topic;
  options.name = purpose.name;
  options.accepted_when = purpose.accepted_when;
  options.spool_bytes_max = settings.spool_bytes_max;
  options.segment_bytes =
      std::clamp<std::int64_t>(settings.spool_bytes_max / 16, 1 << 20, 64 << 20);
  options.seal_interval = settings.seal_interval;
  options.call_timeout = state->call_timeout;
  options.open_topic = [kafka](const std::string& topic) { return open_topic(kafka, topic); };
  Result<std::unique_ptr<Producer>> producer =
      Producer::open(state->disk, *state->sink, options, system_clock(), metrics);
  if (!producer) return producer.error();
  state->producer = *std::move(producer);
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
  return insist(stop,
                [this] { return state_->producer->begin(Deadline::in(state_->call_timeout)); });
}

Status Outlet::end(const std::stop_token& stop) {
  return insist(stop, [this, &stop] { return state_->drain(stop); });
}

Status Outlet::remove() {
  stop();
  state_->producer.reset();
  WEIR_TRY(remove_spool(state_->disk, state_->folder));
  std::error_code ignored;  // an empty folder that stays harms nobody
  std::filesystem::remove_all(state_->folder, ignored);
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
