#include "billing/gate.h"

#include "base/crash_point.h"
#include "base/digest.h"
#include "base/json_writer.h"
#include "base/log.h"

#include <algorithm>
#include <set>

namespace weir {
namespace {

/// Partitions without a recorded barrier for T.
std::vector<std::int32_t> missing_partitions(const Standing& standing, std::int64_t t_us) {
  std::set<std::int32_t> written;
  for (const WrittenBarrier& barrier : barriers_of(standing, t_us)) {
    written.insert(barrier.partition);
  }
  std::vector<std::int32_t> missing;
  const auto partitions = static_cast<std::int32_t>(standing.stream->partitions.size());
  for (std::int32_t p = 0; p < partitions; ++p) {
    if (!written.contains(p)) missing.push_back(p);
  }
  return missing;
}

/// The consumer still reads, a producer's next seal is on its way.
bool worth_waiting(const Readiness& readiness) {
  return std::all_of(readiness.reasons.begin(), readiness.reasons.end(), [](const Reason& reason) {
    return reason.code == "behind" || reason.code == "unsealed" || reason.code == "numbers_missing";
  });
}

}  // namespace

std::string barrier_value(const std::string& id, std::int64_t t_us, std::int32_t incarnation) {
  JsonWriter json;
  json.begin_object().field("barrier", id).field("until_us", t_us);
  return json.field("incarnation", incarnation).end_object().text();
}

Gate::Gate(GateStore& store, StreamEye& eye, RecordSink& sink, GateOptions options,
           std::function<void(Micros)> sleep)
    : store_(store), eye_(eye), sink_(sink), options_(options), sleep_(std::move(sleep)) {}

Result<Standing> Gate::stand() {
  Standing standing;
  auto deployment = store_.deployment(soon());
  if (!deployment) return deployment.error();
  standing.deployment = *std::move(deployment);
  const std::int32_t incarnation = standing.deployment.incarnation;
  auto progress = store_.progress(incarnation, soon());
  if (!progress) return progress.error();
  standing.progress = *std::move(progress);
  // After progress, so that `next` never seems to lie beyond the end.
  standing.stream = eye_.look(Deadline::in(options_.look_timeout));
  auto blockers = store_.blockers(soon());
  if (!blockers) return blockers.error();
  standing.blockers = *std::move(blockers);
  auto producers = store_.producers(soon());
  if (!producers) return producers.error();
  standing.producers = *std::move(producers);
  auto overrides = store_.overrides(soon());
  if (!overrides) return overrides.error();
  standing.overrides = *std::move(overrides);
  standing.profile = options_.profile;
  standing.hold_max_us = options_.hold_max.count();
  auto barriers = store_.barriers(incarnation, standing.deployment.closed_until_us, soon());
  if (!barriers) return barriers.error();
  standing.barriers = *std::move(barriers);
  auto unprovable = store_.unprovable_count(soon());
  if (!unprovable) return unprovable.error();
  standing.unprovable = *unprovable;
  auto last_close = store_.last_close(soon());
  if (!last_close) return last_close.error();
  standing.last_close = *std::move(last_close);
  auto catalog = store_.catalog(soon());
  if (!catalog) return catalog.error();
  standing.catalog = *std::move(catalog);
  const auto now = store_.clock_us(soon());
  if (!now) return now.error();
  standing.now_us = *now;
  return standing;
}

Result<Readiness> Gate::prove(std::int64_t t_us) {
  Result<Standing> standing = stand();
  if (!standing) return standing.error();
  standing_ = *std::move(standing);
  if (!judge_lineage(standing_).empty()) return judge(standing_, t_us);
  const Result<std::vector<Reason>> unwritten = write_barriers(t_us);
  if (!unwritten) return unwritten.error();
  Result<Readiness> readiness = wait(t_us);
  if (!readiness || unwritten->empty()) return readiness;
  readiness->reasons.insert(readiness->reasons.begin(), unwritten->begin(), unwritten->end());
  return readiness;
}

Result<std::vector<Reason>> Gate::write_barriers(std::int64_t t_us) {
  std::vector<Reason> reasons;
  const std::vector<std::int32_t> missing = missing_partitions(standing_, t_us);
  if (missing.empty()) return reasons;
  const auto d0 = store_.clock_us(soon());
  if (!d0) return d0.error();
  if (*d0 < t_us + standing_.deployment.grace_us) return reasons;  // judge() says: too early
  const std::int32_t incarnation = standing_.deployment.incarnation;
  const std::string value = barrier_value(random_hex(16), t_us, incarnation);
  std::vector<OutRecord> records;
  for (const std::int32_t p : missing) {
    records.push_back({PartitionId(p), kBarrierContentType, value});
  }
  const auto appended = sink_.append(records, Deadline::in(options_.append_timeout));
  if (!appended) {
    reasons.push_back({"barrier_not_written",
                       {},
                       appended.error().text(),
                       "see that the broker runs and takes records",
                       0});
    return reasons;
  }
  WEIR_CRASH_POINT("barrier.after_append");
  const auto d1 = store_.clock_us(soon());
  if (!d1) return d1.error();
  std::vector<WrittenBarrier> good;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const Appended& place = (*appended)[i];
    const WrittenBarrier barrier{
        t_us, incarnation, missing[i], place.offset.value + 1, place.append_time.value, *d0, *d1};
    if (auto wrong = judge_barrier_times(barrier, standing_.deployment)) {
      reasons.push_back(*std::move(wrong));
    } else {
      good.push_back(barrier);
    }
  }
  const Status recorded = store_.record_barriers(good, soon());
  if (!recorded) return recorded.error();
  WEIR_CRASH_POINT("barrier.after_record");
  return reasons;
}

Result<Readiness> Gate::wait(std::int64_t t_us) {
  const Deadline deadline = Deadline::in(options_.wait);
  for (;;) {
    Result<Standing> standing = stand();
    if (!standing) return standing.error();
    standing_ = *std::move(standing);
    const Readiness readiness = judge(standing_, t_us);
    if (readiness.ready() || !worth_waiting(readiness) || deadline.passed()) return readiness;
    sleep_(options_.poll_interval);
  }
}

}  // namespace weir
