#include "analytics/run.h"
#include "base/log.h"
#include "ingest/connect/connect.h"

#include <algorithm>
#include <mutex>

namespace weir {
namespace {

/// What /readyz says: the loop's reasons once it runs.
class Readiness {
 public:
  void set(const ConsumerLoop* loop) {
    std::lock_guard lock(mutex_);
    loop_ = loop;
  }
  std::vector<std::string> reasons() const {
    std::lock_guard lock(mutex_);
    if (loop_ == nullptr) return {"the consumer is starting or stopping"};
    return loop_->not_ready();
  }

 private:
  mutable std::mutex mutex_;
  const ConsumerLoop* loop_ = nullptr;  // guarded by mutex_
};

LoopOptions loop_options(const AnalyticsOptions& options, const AnalyticsVolume& volume,
                         const std::string& volume_id) {
  LoopOptions loop = options.loop;
  loop.check_partitioner = options.partitioner == "murmur2";
  loop.identity.folder = volume.identity_folder();
  loop.identity.volume_id = volume_id;
  loop.identity.skew = std::max(loop.identity.skew, loop.permitted_future);
  return loop;
}

Status clean_up(const AnalyticsVolume& volume, Catalogue& catalogue) {
  Result<std::int64_t> orphans =
      remove_orphans(volume, [&](const std::string& name) { return catalogue.names(name); });
  if (!orphans) return orphans.error();
  if (*orphans > 0) log_info("files of a dead process were removed", {{"files", *orphans}});
  return {};
}

Status consume(const AnalyticsOptions& options, const std::stop_token& stop, Metrics& metrics,
               Readiness& readiness) {
  AnalyticsVolume volume(options.volume);
  Result<std::string> volume_id = volume.claim(options.stream.topic, options.volume_id);
  if (!volume_id) return volume_id.error();
  Status prepared = volume.prepare();
  if (!prepared) return prepared.error().within("analytics.volume");
  Result<IdentityKey> key = IdentityKey::from_secret(options.identity_secret);
  if (!key) return key.error().within("identity.secret");
  Result<Catalogue> catalogue = Catalogue::open(volume.catalogue_path(), SqliteMode::read_write);
  if (!catalogue) return catalogue.error();
  Result<FileOwner> owner = FileOwner::register_in(volume);
  if (!owner) return owner.error();
  WEIR_TRY(clean_up(volume, *catalogue));

  SegmentWriterOptions writer_options = options.writer;
  writer_options.rollup_groups_max = static_cast<std::size_t>(options.rollup_groups_max);
  writer_options.rollup_tenant_groups_max =
      static_cast<std::size_t>(options.rollup_tenant_groups_max);
  Result<SegmentWriter> writer = SegmentWriter::open(volume, *owner, writer_options);
  if (!writer) return writer.error();
  AnalyticsHandlerOptions handler_options = options.handler;
  handler_options.topic = options.stream.topic;
  handler_options.expire_percent = options.compact.expire_percent;
  AnalyticsHandler handler(volume, *catalogue, *writer, handler_options, system_clock(), metrics);

  Result<std::unique_ptr<Source>> source = connect_source(options.stream, options.volume);
  if (!source) return source.error();
  ConsumerLoop loop(**source, handler, *key, loop_options(options, volume, *volume_id),
                    system_clock(), metrics);
  readiness.set(&loop);
  Status ended = loop.run(stop);
  readiness.set(nullptr);
  return ended;
}

}  // namespace

ExitCode give_up(const Error& error) {
  log_error(error.text());
  return exit_code_of(error);
}

VolumeWatch watch_volume(const AnalyticsOptions& options, Metrics& metrics) {
  std::vector<VolumeMark> marks;
  const std::string remedy =
      "make room, or keep less: analytics.retention, analytics.disk_budget_bytes";
  const auto mark = [&marks](std::int64_t percent, const std::string& what) {
    if (percent < 100) marks.push_back({static_cast<int>(percent), what});
  };
  mark(options.warn_percent, remedy);
  mark(options.compact.expire_percent,
       "weir-analytics compact expires the oldest segments: " + remedy);
  mark(options.handler.pause_percent, "consumption pauses until there is room: " + remedy);
  return {options.volume, "analytics", std::move(marks), metrics};
}

ExitCode run_consume(const AnalyticsOptions& options, const std::stop_token& stop) {
  if (Status ordered = check_marks(options); !ordered) return give_up(ordered.error());
  Metrics metrics;
  const VolumeWatch watch = watch_volume(options, metrics);
  Readiness readiness;
  const ApiKeys no_keys;
  const HttpServerOptions http =
      options.http.for_admins(options.consumer_listen, "analytics.consumer_listen");
  HttpServer server(http, metrics, no_keys);
  server.readiness([&] { return readiness.reasons(); });
  if (Status started = server.start(); !started) return give_up(started.error());
  Status ended = consume(options, stop, metrics, readiness);
  server.stop();
  return ended ? ExitCode::done : give_up(ended.error());
}

}  // namespace weir
