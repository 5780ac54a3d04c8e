#include "ingest/collector/intake.h"

#include "base/log.h"
#include "ingest/collector/intake_answer.h"
#include "ingest/collector/tenant_shares.h"

#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace weir {
namespace {

// What one call needs, kept warm between calls.
struct Workspace {
  Workspace(RecordSink& sink, const IdentityKey& key) : decoder(key), writer(sink, key) {}
  Decoder decoder;
  BatchWriter writer;
  RequestBatch batch;
  DecodeReport report;
  std::vector<bool> duplicate;
};

bool takes(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return type == kJson || type == kNdjson || type == kCloudEvent || type == kCloudEventBatch;
}

HttpResponse retry_later(int status, std::string_view type, std::string_view title,
                         std::string_view detail) {
  HttpResponse response = problem(status, type, title, detail);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

// The whole error is the operator's: it may name folders, brokers, and what to do with them.
std::string_view why_for_client(ErrorCode code) {
  switch (code) {
    case ErrorCode::full:
      return "there is no room for more events at present";
    case ErrorCode::in_doubt:
      return "the stream has not acknowledged the events in time";
    case ErrorCode::conflict:
      return "this collector is ending and takes no more events";
    default:
      return "this collector takes no events at present: it is not registered with the stream yet, "
             "or cannot write them";
  }
}

}  // namespace

struct Intake::State {
  State(RecordSink& sink_in, const IdentityKey& key_in, Stamp& stamp_in, IntakeOptions options_in,
        Clock& clock_in, Metrics& metrics)
      : sink(sink_in),
        key(key_in),
        stamp(stamp_in),
        options(options_in),
        clock(clock_in),
        accepted(metrics.counter("weir_ingest_events_accepted_total",
                                 "events that were answered with 202")),
        duplicate(metrics.counter("weir_ingest_events_duplicate_total",
                                  "events that repeat one of the same body")),
        rejected(metrics.counter("weir_ingest_events_rejected_total", "events refused")),
        turned_away(metrics.counter("weir_ingest_bodies_turned_away_total",
                                    "bodies answered 429 or 503: to be sent again")),
        shares(options_in.tenant_bytes_max) {}

  std::unique_ptr<Workspace> take_workspace();
  void give_back(std::unique_ptr<Workspace> workspace);
  HttpResponse accept(const HttpRequest& request, Workspace& work);
  HttpResponse answer(const Workspace& work, Status written);
  void say(const Error& why);

  RecordSink& sink;
  const IdentityKey& key;
  Stamp& stamp;
  const IntakeOptions options;
  Clock& clock;
  Counter& accepted;
  Counter& duplicate;
  Counter& rejected;
  Counter& turned_away;

  std::mutex mutex;
  std::vector<std::unique_ptr<Workspace>> idle;  // guarded by mutex
  std::string said;                              // guarded by mutex
  TenantShares shares;
};

Intake::Intake(RecordSink& sink, const IdentityKey& key, Stamp& stamp, IntakeOptions options,
               Clock& clock, Metrics& metrics)
    : state_(std::make_unique<State>(sink, key, stamp, options, clock, metrics)) {}
Intake::~Intake() = default;

std::unique_ptr<Workspace> Intake::State::take_workspace() {
  const std::lock_guard lock(mutex);
  if (idle.empty()) return std::make_unique<Workspace>(sink, key);
  std::unique_ptr<Workspace> workspace = std::move(idle.back());
  idle.pop_back();
  return workspace;
}

void Intake::State::give_back(std::unique_ptr<Workspace> workspace) {
  const std::lock_guard lock(mutex);
  idle.push_back(std::move(workspace));
}

HttpResponse Intake::post(const HttpRequest& request) {
  if (!takes(request.header("content-type"))) {
    return problem(415, "/problems/unsupported-content-type", "Content type is not taken",
                   "send application/json, application/x-ndjson, application/cloudevents+json or "
                   "application/cloudevents-batch+json");
  }
  const auto bytes = static_cast<std::int64_t>(request.body.size());
  const std::optional<TenantShares::Share> share = state_->shares.take(request.tenant, bytes);
  if (!share) {
    state_->turned_away.add();
    return retry_later(429, "/problems/tenant-busy", "Too many bytes under way",
                       "wait for earlier bodies to be answered, then send this one again");
  }
  std::unique_ptr<Workspace> workspace = state_->take_workspace();
  HttpResponse response = state_->accept(request, *workspace);
  state_->give_back(std::move(workspace));
  return response;
}

HttpResponse Intake::State::accept(const HttpRequest& request, Workspace& work) {
  work.batch.clear();
  work.report.clear();
  DecodeContext context;
  context.latest = EventTime(clock.now().value + options.permitted_future.count());
  context.tenant = request.tenant;
  context.record_bytes_max = options.body_bytes_max;
  work.decoder.decode(request.header("content-type"), request.body, context, work.batch,
                      work.report);
  if (work.report.whole) {
    const Rejection& why = work.report.rejections.front();
    rejected.add();
    return problem(400, fmt::format("/problems/{}", why.reason), "The body cannot be read",
                   why.field.empty() ? why.detail : fmt::format("{}: {}", why.field, why.detail));
  }
  find_repeats(work.batch, work.duplicate);
  if (work.batch.rows() == 0) return answer(work, {});
  stamp.apply(work.batch);
  return answer(work, work.writer.write(work.batch, Deadline::in(options.write_timeout)));
}

// In the log when it changes: a client that tries again must not fill it.
void Intake::State::say(const Error& why) {
  const std::lock_guard lock(mutex);
  if (const std::string text = why.text(); std::exchange(said, text) != text) {
    log_warn("events are turned away", {{"error", text}});
  }
}

HttpResponse Intake::State::answer(const Workspace& work, Status written) {
  if (!written) {
    turned_away.add();
    say(written.error());
    if (written.error().code == ErrorCode::invalid) return problem_of(written.error());
    return retry_later(503, "/problems/stream-unavailable", "Not accepted",
                       fmt::format("{}; send the same body again: events keep their identity, so "
                                   "none is counted twice",
                                   why_for_client(written.error().code)));
  }
  const IntakeCounts counts = count_intake(work.report, work.duplicate);
  accepted.add(counts.accepted);
  duplicate.add(counts.duplicate);
  rejected.add(counts.rejected);
  const bool none = counts.accepted == 0 && counts.rejected > 0;
  return HttpResponse::json(none ? 422 : 202, write_intake_answer(work.report, work.duplicate));
}

}  // namespace weir
