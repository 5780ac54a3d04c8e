#include "ingest/connect/kept_log.h"

#include "base/log.h"
#include "base/volume/durable_file.h"
#include "ingest/spool/cursor_file.h"

#include <algorithm>
#include <optional>

namespace weir {
namespace {

constexpr int kFreePercent = 10;  // of the volume, which the log leaves to others

}  // namespace

struct KeptLog::State {
  /// What is known of the log in hand. A keeper that opened it anew has another one.
  struct Watched {
    const FileLog* log;
    std::string id;  // another one may have come to the same place
    CursorWatch cursor;
  };

  State(LogDisk& on, const StreamOptions& with, Metrics& by)
      : disk(on),
        options(with),
        dropped(by.counter("weir_stream_dropped_bytes_total", "of a file log, by its retention",
                           {{"topic", with.topic}})),
        unread(by.counter("weir_stream_unread_dropped_bytes_total",
                          "of a file log, though weir-quota needed them still",
                          {{"topic", with.topic}})) {}

  LogDisk& disk;
  const StreamOptions options;
  Counter& dropped;
  Counter& unread;
  std::optional<Watched> watched;  // the keeper's thread
  std::unique_ptr<LogKeeper> keeper;

  Status upkeep(FileLog& log);
  Result<Retention> retention(const FileLog& log) const;
  void tell(const Dropped& gone);
};

KeptLog::KeptLog(std::unique_ptr<State> state) : state_(std::move(state)) {}
KeptLog::~KeptLog() { state_->keeper->stop(); }
LogKeeper& KeptLog::keeper() { return *state_->keeper; }

Result<std::unique_ptr<KeptLog>> KeptLog::open(LogDisk& disk, const StreamOptions& options,
                                               Metrics& metrics) {
  auto state = std::make_unique<State>(disk, options, metrics);
  LogKeeperOptions with;
  with.log.folder = options.log_folder();
  with.log.bytes_max = options.bytes_max;
  with.log.segment_bytes = std::clamp<std::int64_t>(options.bytes_max / 64, 1 << 20, 64 << 20);
  with.upkeep = [state = state.get()](FileLog& log) { return state->upkeep(log); };
  auto keeper = LogKeeper::open(disk, std::move(with), system_clock(), metrics);
  if (!keeper) return std::move(keeper).error();
  state->keeper = *std::move(keeper);
  state->keeper->start();
  return std::unique_ptr<KeptLog>(new KeptLog(std::move(state)));
}

Result<Retention> KeptLog::State::retention(const FileLog& log) const {
  const Result<VolumeSpace> volume = volume_space(log.folder());
  if (!volume) return volume.error();
  Retention limits;
  limits.age = options.retention;
  if (options.retention_bytes > 0) limits.bytes = options.retention_bytes;
  limits.held_bytes_max = options.bytes_max;
  limits.volume_bytes_max = bytes_on_volume(*volume, kFreePercent, log.bytes());
  limits.room = options.bytes_max / 16;  // for what is appended until the next look
  return limits;
}

Status KeptLog::State::upkeep(FileLog& log) {
  if (!watched || watched->log != &log || watched->id != log.id()) {
    watched.emplace(Watched{&log, log.id(), CursorWatch(disk, log)});
  }
  const CursorWatch::Look look = watched->cursor.look();
  for (const std::string& news : look.news) log_warn(news, {{"log", log.folder()}});
  const Result<Retention> limits = retention(log);
  if (!limits) return limits.error();
  const Dropped gone = log.retain(*limits, look.needed_from);
  tell(gone);
  return gone.status;
}

void KeptLog::State::tell(const Dropped& gone) {
  for (const Dropped::Range& range : gone.ranges) dropped.add(range.bytes);
  for (const Dropped::Range& range : gone.unread) {
    unread.add(range.bytes);
    log_error("records were dropped that weir-quota still needed: it will record a gap",
              {{"log", options.log_folder()},
               {"partition", range.partition.value},
               {"from", range.from.value},
               {"to", range.to.value},
               {"bytes", range.bytes},
               {"remedy",
                "see why weir-quota is behind; raise stream.bytes_max, or make the "
                "volume larger"}});
  }
}

}  // namespace weir
