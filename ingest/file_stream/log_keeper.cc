#include "ingest/file_stream/log_keeper.h"

#include "base/json_writer.h"
#include "base/log.h"
#include "ingest/file_stream/writer_server.h"
#include "ingest/spool/log_identity.h"

#include <condition_variable>
#include <mutex>
#include <sys/stat.h>
#include <thread>
#include <utility>

namespace weir {
namespace {

// How often a folder without a log is looked at, and a volume that fails.
constexpr Micros kLookEvery = std::chrono::seconds(1);

/// Which file log.toml is: another one, another log, even if it is a copy.
struct FileKey {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileKey&) const = default;
};

std::optional<FileKey> meta_file(const std::string& folder) {
  struct stat info {};
  if (::stat((folder + "/log.toml").c_str(), &info) != 0) return std::nullopt;
  return FileKey{info.st_dev, info.st_ino};
}

Error not_kept(const std::string& folder) {
  return {ErrorCode::unavailable, "this process does not keep the log " + folder, ""};
}

Error replaced(const std::string& folder) {
  return {ErrorCode::conflict, "another log lies in " + folder + " than was written to until now",
          "restart this process if that is meant; else put the former log back"};
}

}  // namespace

std::string writer_socket(const std::string& folder) { return folder + "/writer.sock"; }

struct LogKeeper::State {
  State(LogDisk& on, LogKeeperOptions with, Clock& by, Metrics& metrics)
      : disk(on),
        options(std::move(with)),
        clock(by),
        keeps(metrics.gauge("weir_stream_keeper", "1: this process keeps the box's file log")),
        log_bytes(
            metrics.gauge("weir_stream_log_bytes", "size of the file log that this process keeps")),
        taken(metrics.counter("weir_stream_log_taken_total",
                              "times that this process began to keep the file log")),
        appended(metrics.counter("weir_stream_appended_records_total",
                                 "records that this process appended to the file log it keeps")),
        failed(metrics.counter("weir_stream_appends_failed_total",
                               "appends that the file log kept by this process did not take")) {}

  // constant
  LogDisk& disk;
  const LogKeeperOptions options;
  Clock& clock;
  Gauge& keeps;
  Gauge& log_bytes;
  Counter& taken;
  Counter& appended;
  Counter& failed;

  // the keeper thread's
  std::unique_ptr<WriterServer> server;
  std::optional<FileKey> meta;  // of the log that is kept
  std::string upkeep_failure;   // as last logged
  std::thread thread;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::unique_ptr<FileLog> log;  // the keeper thread's to give and take, while nobody uses it
  bool open = false;             // `log` may be used
  int in_use = 0;
  bool look_again = false;  // at once: the log failed, or is another one
  bool stopping = false;
  std::string reason;

  void run();
  Micros try_to_keep();
  Micros look_after();
  Micros cannot(const Error& why, Micros next);
  void note_upkeep(const Status& done);
  void let_go();
  FileLog* use();
  void end_use(bool again);
  Result<std::vector<Appended>> append(const std::string& id, std::span<const LogRecord> records,
                                       Deadline deadline);
  std::string describe();
};

Result<std::unique_ptr<LogKeeper>> LogKeeper::open(LogDisk& disk, LogKeeperOptions options,
                                                   Clock& clock, Metrics& metrics) {
  if (options.log.folder.empty()) {
    return Error{ErrorCode::config, "no folder is named for the stream's log", "name one"};
  }
  options.log.partitions = 0;  // a keeper makes none
  return std::unique_ptr<LogKeeper>(
      new LogKeeper(std::make_unique<State>(disk, std::move(options), clock, metrics)));
}

LogKeeper::LogKeeper(std::unique_ptr<State> state) : state_(std::move(state)) {}
LogKeeper::~LogKeeper() { stop(); }

void LogKeeper::start() {
  WEIR_CHECK(!state_->thread.joinable());
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

void LogKeeper::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
}

void LogKeeper::State::run() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    lock.unlock();
    const Micros next = server ? look_after() : try_to_keep();
    lock.lock();
    changed.wait_for(lock, next, [&] { return stopping || look_again; });
  }
  lock.unlock();
  let_go();
}

/// Says why there is nothing to keep, once for each reason.
Micros LogKeeper::State::cannot(const Error& why, Micros next) {
  const std::lock_guard lock(mutex);
  const std::string text = why.text();
  if (reason != text) {
    log_error("the stream's log cannot be kept",
              {{"folder", options.log.folder}, {"reason", why.what}, {"remedy", why.remedy}});
  }
  reason = text;
  return next;
}

Micros LogKeeper::State::try_to_keep() {
  const auto before = meta_file(options.log.folder);
  const Result<LogIdentity> there = identify_log(disk, options.log.folder);
  if (!there && there.error().code == ErrorCode::not_found) {
    return cannot(no_stream_log(options.log.folder), kLookEvery);
  }
  if (!there) return cannot(there.error(), options.damage_every);
  auto opened = FileLog::open(disk, options.log, clock);
  if (!opened && opened.error().code == ErrorCode::conflict) {
    const std::lock_guard lock(mutex);
    reason.clear();  // it is somebody else's affair
    return options.try_every;
  }
  if (!opened) {
    const bool damaged = opened.error().code == ErrorCode::integrity;
    return cannot(opened.error(), damaged ? options.damage_every : kLookEvery);
  }
  meta = meta_file(options.log.folder);
  if (!meta || meta != before) return Micros{0};  // it was exchanged meanwhile
  auto serving = WriterServer::start(
      options, {[this](const std::string& id, std::span<const LogRecord> records,
                       Deadline deadline) { return append(id, records, deadline); },
                [this] { return describe(); }});
  if (!serving) return cannot(serving.error(), kLookEvery);
  server = *std::move(serving);
  for (const std::string& cut : (*opened)->cut_at_open()) log_warn(cut);
  log_info(
      "keeps the stream's log",
      {{"folder", options.log.folder}, {"id", (*opened)->id()}, {"bytes", (*opened)->bytes()}});
  taken.add();
  keeps.set(1);
  log_bytes.set((*opened)->bytes());
  const std::lock_guard lock(mutex);
  log = *std::move(opened);
  reason.clear();
  look_again = false;
  open = true;
  return Micros{0};
}

Micros LogKeeper::State::look_after() {
  bool again = false;
  {
    const std::lock_guard lock(mutex);
    again = look_again;
  }
  if (again || log->is_broken() || meta_file(options.log.folder) != meta) {
    log_warn("lets the stream's log go, to look at it anew", {{"folder", options.log.folder}});
    let_go();
    return Micros{0};
  }
  if (options.upkeep) {
    note_upkeep(options.upkeep(*log));
    if (log->is_broken()) return Micros{0};
  }
  log_bytes.set(log->bytes());
  return options.upkeep_every;
}

/// Tells a failure once, not each second.
void LogKeeper::State::note_upkeep(const Status& done) {
  const std::string text = done ? "" : done.error().text();
  if (!done && text != upkeep_failure) {
    log_error("the upkeep of the stream's log failed", {{"folder", options.log.folder},
                                                        {"reason", done.error().what},
                                                        {"remedy", done.error().remedy}});
  }
  upkeep_failure = text;
}

/// Nobody begins to use it, those who do come to their end, then it is for others to take.
void LogKeeper::State::let_go() {
  {
    std::unique_lock lock(mutex);
    open = false;
    changed.wait(lock, [&] { return in_use == 0; });
    look_again = false;
  }
  server.reset();  // removes the socket, while no other keeper can have made his
  log.reset();
  keeps.set(0);
  log_bytes.set(0);
}

/// The log, which then stays until end_use(); nullptr when none is kept.
FileLog* LogKeeper::State::use() {
  const std::lock_guard lock(mutex);
  if (!open) return nullptr;
  ++in_use;
  return log.get();
}

void LogKeeper::State::end_use(bool again) {
  const std::lock_guard lock(mutex);
  --in_use;
  if (again) look_again = true;
  // At each append it would wake the keeper's thread for nothing.
  if (again || !open) changed.notify_all();
}

Result<std::vector<Appended>> LogKeeper::State::append(const std::string& id,
                                                       std::span<const LogRecord> records,
                                                       Deadline deadline) {
  FileLog* const used = use();
  if (used == nullptr) return not_kept(options.log.folder);
  // A folder that was moved away under the writer would take the records with it.
  const bool same = meta_file(options.log.folder) == meta;
  Result<std::vector<Appended>> places = replaced(options.log.folder);
  if (same && used->id() == id) places = used->append(records, deadline);
  end_use(!same || (!places && used->is_broken()));
  if (places) {
    appended.add(static_cast<std::int64_t>(records.size()));
  } else {
    failed.add();
  }
  return places;
}

/// For people, and for who would know what a keeper sees.
std::string LogKeeper::State::describe() {
  FileLog* const used = use();
  JsonWriter json;
  json.begin_object().field("folder", options.log.folder);
  if (used != nullptr) {
    json.field("id", used->id()).field("partitions", used->partitions());
    json.field("bytes", used->bytes()).field("bytes_max", options.log.bytes_max);
    json.key("bounds").begin_array();
    for (std::int32_t p = 0; p < used->partitions(); ++p) {
      const LogBounds bounds = used->bounds(PartitionId{p});
      json.begin_object().field("start", bounds.start.value);
      json.field("end", bounds.end.value).end_object();
    }
    json.end_array();
    end_use(false);
  }
  json.end_object();
  return json.text();
}

std::optional<std::string> LogKeeper::kept() const {
  const std::lock_guard lock(state_->mutex);
  return state_->open ? std::optional(state_->log->id()) : std::nullopt;
}

std::vector<std::string> LogKeeper::not_ready() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->reason.empty()) return {};
  return {state_->reason};
}

Result<std::vector<Appended>> LogKeeper::append(const std::string& id,
                                                std::span<const LogRecord> records,
                                                Deadline deadline) {
  return state_->append(id, records, deadline);
}

}  // namespace weir
