#include "ingest/producer/producer.h"

#include "base/crash_point.h"
#include "ingest/producer/producer_state.h"

#include <numeric>

namespace weir {
namespace {

/// Its source was retired, or its input read to the end.
Error ended_error(const ProducerStanding& told) {
  if (told.ended) {
    return {ErrorCode::conflict, "producer " + told.id + " has ended",
            "restart this process: a new producer begins"};
  }
  return {ErrorCode::conflict, "producer " + told.id + " is ending",
          "it ends by itself when the stream has all that was accepted; restart this process then, "
          "and do not remove the spool folder"};
}

}  // namespace

const char* name_of(AcceptedWhen accepted_when) {
  switch (accepted_when) {
    case AcceptedWhen::spool:
      return "spool";
    case AcceptedWhen::broker:
      return "broker";
    case AcceptedWhen::input:
      return "input";
  }
  return "";
}

std::int64_t ProducerStanding::waiting() const {
  return std::accumulate(numbers.begin(), numbers.end(), std::int64_t{0}) -
         std::accumulate(forwarded.begin(), forwarded.end(), std::int64_t{0});
}

Producer::State::State(LogDisk& disk_in, RecordSink& stream_in, ProducerOptions options_in,
                       Clock& clock_in, Metrics& metrics_in)
    : disk(disk_in),
      stream(stream_in),
      options(std::move(options_in)),
      clock(clock_in),
      metrics(metrics_in),
      forwarded(metrics.counter("weir_ingest_records_forwarded_total",
                                "records of the spool that the stream has acknowledged")),
      voided(metrics.counter("weir_ingest_records_voided_total",
                             "records that the stream can never take, kept in the spool folder")) {}

Producer::Producer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Producer::~Producer() = default;

Result<std::unique_ptr<Producer>> Producer::open(LogDisk& disk, RecordSink& stream,
                                                 ProducerOptions options, Clock& clock,
                                                 Metrics& metrics) {
  auto state = std::make_unique<State>(disk, stream, std::move(options), clock, metrics);
  WEIR_TRY(disk.make_folders(state->options.folder));
  Result<std::unique_ptr<LogLock>> lock = disk.lock(state->options.folder);
  if (!lock) return lock.error();
  state->lock = *std::move(lock);
  WEIR_TRY(state->open_spool());
  return std::unique_ptr<Producer>(new Producer(std::move(state)));
}

void Producer::State::refuse_because(const std::string& why) {
  const std::lock_guard held(mutex);
  not_ready = why;
}

Status Producer::State::refusal() const {
  const std::lock_guard held(mutex);
  if (told.ending) return ended_error(told);
  if (not_ready.empty()) return {};
  return Error{ErrorCode::unavailable, not_ready, ""};
}

Result<std::vector<Appended>> Producer::append(std::span<const OutRecord> records,
                                               Deadline deadline) {
  State& s = *state_;
  std::vector<LogRecord> spooled;
  spooled.reserve(records.size());
  for (const OutRecord& record : records) {
    LogRecord& made = spooled.emplace_back();
    made.partition = record.partition;
    made.content_type = record.content_type;
    made.value = record.value;
    made.origin.redrive = record.origin.redrive;
  }
  std::vector<Appended> places;
  {
    const std::shared_lock held(s.appending);
    WEIR_TRY(s.refusal());
    Result<std::vector<Appended>> appended = s.log->append(spooled, deadline);
    if (!appended) return appended.error();
    places = *std::move(appended);
  }
  WEIR_CRASH_POINT("collector.after_spool");
  {
    const std::lock_guard held(s.mutex);
    s.woken = true;
  }
  s.changed.notify_all();
  if (s.options.accepted_when == AcceptedWhen::broker) {
    std::vector<Offset> ends(static_cast<std::size_t>(s.log->partitions()));
    for (std::size_t i = 0; i < places.size(); ++i) {
      ends[static_cast<std::size_t>(records[i].partition.value)] = places[i].offset + 1;
    }
    WEIR_TRY(s.wait_forwarded(ends, deadline));
  }
  return places;
}

/// Forwards by itself: whoever has the turn sends for all who wait.
Status Producer::State::wait_forwarded(const std::vector<Offset>& ends, Deadline deadline) {
  const Error in_doubt{ErrorCode::in_doubt,
                       "spooled, but not acknowledged by the stream in time; it will be sent", ""};
  while (true) {
    const std::unique_lock turn(steps, deadline.at());
    if (!turn.owns_lock()) return in_doubt;
    if (forwarder->passed(ends)) return {};
    const Result<bool> sent = forward(deadline);
    if (!sent) return Error{ErrorCode::in_doubt, in_doubt.what + ": " + sent.error().what, ""};
  }
}

Result<std::int32_t> Producer::partition_count(Deadline) {
  WEIR_TRY(state_->refusal());
  return state_->log->partitions();
}

Status Producer::begin(Deadline deadline) {
  const std::lock_guard turn(state_->steps);
  return state_->begin(deadline);
}

Result<bool> Producer::forward(Deadline deadline) {
  const std::lock_guard turn(state_->steps);
  return state_->forward(deadline);
}

Result<bool> Producer::State::forward(Deadline deadline) {
  WEIR_TRY(begin(deadline));
  const Result<bool> sent = forwarder->step(stream, deadline);
  note_progress();
  if (sent && !*sent) WEIR_TRY(forwarder->save_cursor());
  if (sent) WEIR_TRY(check_partitions(deadline));
  return sent;
}

void Producer::State::note_progress() {
  const std::lock_guard held(mutex);
  told.forwarded.clear();
  for (const Offset at : forwarder->cursor()) told.forwarded.push_back(at.value);
  if (forwarder->passed(spool_ends())) oldest_waiting_us = 0;
  told.voided = voided.value();
}

ProducerStanding Producer::standing() const {
  const State& s = *state_;
  const std::lock_guard held(s.mutex);
  ProducerStanding standing = s.told;
  if (const std::int64_t oldest = s.oldest_waiting_us; oldest != 0) {
    standing.oldest_waiting = WallTime{oldest};
  }
  standing.not_ready = s.told.ending ? ended_error(s.told).text() : s.not_ready;
  if (!s.log) return standing;
  standing.spool_bytes = s.log->bytes();
  for (const Offset end : s.spool_ends()) standing.numbers.push_back(end.value);
  return standing;
}

Result<SpoolIdentity> read_spool_identity(LogDisk& disk, const std::string& folder) {
  Result<std::optional<ProducerFile>> file = read_producer_file(disk, folder);
  if (!file) return file.error();
  if (!*file) return Error{ErrorCode::not_found, folder + ": holds no spool", ""};
  SpoolIdentity identity;
  identity.producer = (*file)->id;
  identity.topic = (*file)->present().topic;
  identity.accepted_when = (*file)->accepted_when;
  identity.ended = (*file)->end == ProducerFile::End::done;
  return identity;
}

Status remove_spool(LogDisk& disk, const std::string& folder) {
  Result<std::unique_ptr<LogLock>> lock = disk.lock(folder);
  if (!lock) return lock.error();
  Result<std::optional<ProducerFile>> file = read_producer_file(disk, folder);
  if (!file) return file.error();
  if (!*file) return {};
  if ((*file)->end != ProducerFile::End::done) {
    return Error{ErrorCode::conflict, folder + ": its producer has not ended", ""};
  }
  for (const EpochFact& fact : (*file)->epochs) {
    WEIR_TRY(remove_files(disk, epoch_folder(folder, fact.epoch)));
  }
  // The file that says so goes last: a crash before it leaves a spool that has ended.
  WEIR_TRY(disk.remove(folder + "/cursor"));
  WEIR_TRY(disk.remove(folder + "/producer"));
  return disk.sync_folder(folder);
}

}  // namespace weir
