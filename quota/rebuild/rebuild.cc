#include "quota/rebuild/rebuild.h"

#include "base/log.h"
#include "quota/handler.h"
#include "quota/rebuild/bounded_source.h"
#include "quota/rebuild/replay.h"

#include <algorithm>

namespace weir {
namespace {

constexpr Micros kCallTimeout = std::chrono::seconds(30);

Deadline call() { return Deadline::in(kCallTimeout); }

class Rebuilding {
 public:
  Rebuilding(const RebuildFrom& from, const RebuildInto& into, Replay replay,
             const std::stop_token& stop)
      : from_(from),
        into_(into),
        stop_(stop),
        replay_(std::move(replay)),
        source_(from.source),
        handler_(into.store, into.deployment, into.metrics),
        loop_(source_, handler_, into.key, into.loop, into.clock, into.metrics) {}

  Result<RebuildReport> run() {
    WEIR_TRY(look_at_log());
    WEIR_TRY(into_.ledger.begin(call()));
    for (const CloseVector& close : from_.closes) {
      std::vector<Offset> cuts;
      for (const CutCounts& cut : close.partitions) cuts.push_back(Offset{cut.n});
      WEIR_TRY(read_segment(cuts));
      WEIR_TRY(replay_.decide_before(into_.ledger, &close));
      Result<RebuiltCut> cut = into_.ledger.close(close, call());
      if (!cut) return std::move(cut).error();
      compare_late(close, *cut);
      compare_counts(close, *cut);
      ++report_.closes;
      if (into_.progress) into_.progress(report_.closes);
    }
    std::vector<Offset> ends;
    for (const LogBounds& bounds : log_) ends.push_back(bounds.end);
    WEIR_TRY(read_segment(ends));
    WEIR_TRY(replay_.decide_before(into_.ledger, nullptr));
    report_.decisions = replay_.made();
    report_.notes = replay_.notes();
    note_lost_start();
    WEIR_TRY(into_.ledger.end(report_.differences, call()));
    return report_;
  }

 private:
  /// The log as it is now; it must hold what the last close held.
  Status look_at_log() {
    Result<std::int32_t> count = source_.partition_count(call());
    if (!count) return std::move(count).error();
    for (const CloseVector& close : from_.closes) WEIR_TRY(check_close(close, *count));
    for (std::int32_t p = 0; p < *count; ++p) {
      Result<LogBounds> bounds = source_.bounds(PartitionId{p}, call());
      if (!bounds) return std::move(bounds).error();
      const std::int64_t held =
          from_.closes.empty() ? 0 : from_.closes.back().partitions[static_cast<std::size_t>(p)].n;
      if (bounds->end.value < held) {
        return Error{ErrorCode::config,
                     "partition " + std::to_string(p) + " ends at " +
                         std::to_string(bounds->end.value) + ", and the last close held " +
                         std::to_string(held) + " records of it",
                     "point kafka.brokers and stream.topic at the stream that was closed"};
      }
      log_.push_back(*bounds);
    }
    return Status();
  }

  Status check_close(const CloseVector& close, std::int32_t partitions) const {
    const std::string which = "close " + std::to_string(close.id);
    if (close.incarnation != into_.deployment.incarnation.value) {
      return Error{ErrorCode::config,
                   which + " is of incarnation " + std::to_string(close.incarnation) +
                       ": no one log holds all of the stream",
                   "restore the quota database from a backup instead"};
    }
    if (close.partitions.size() == static_cast<std::size_t>(partitions)) return Status();
    return Error{ErrorCode::config,
                 which + " is of a stream of " + std::to_string(close.partitions.size()) +
                     " partitions, this one has " + std::to_string(partitions),
                 "point stream.topic at the stream that was closed"};
  }

  /// Up to `cuts` everywhere; each split on the way as soon as its row is there.
  Status read_segment(const std::vector<Offset>& cuts) {
    while (std::optional<PastSplit> split = replay_.next_split(cuts)) {
      const LogBounds& log = log_[static_cast<std::size_t>(split->partition.value)];
      split->lost = split->offset < log.start;
      WEIR_TRY(source_.raise(split->partition, split->offset + 1));
      WEIR_TRY(read_to_bounds(cuts.size()));
      WEIR_TRY(replay_.make_split(into_.ledger, *split));
    }
    for (std::size_t p = 0; p < cuts.size(); ++p) {
      WEIR_TRY(source_.raise(PartitionId{static_cast<std::int32_t>(p)}, cuts[p]));
    }
    return read_to_bounds(cuts.size());
  }

  Status read_to_bounds(std::size_t partitions) {
    Deadline stall = Deadline::in(into_.stall_timeout);
    std::int64_t before = -1;
    while (true) {
      std::int64_t missing = 0;
      for (std::size_t p = 0; p < partitions; ++p) {
        const PartitionId partition{static_cast<std::int32_t>(p)};
        missing +=
            std::max<std::int64_t>(0, source_.bound_of(partition) - source_.committed(partition));
      }
      if (missing == 0) return Status();
      if (missing != before) stall = Deadline::in(into_.stall_timeout);
      before = missing;
      if (stop_.stop_requested() || stall.passed()) return stands_still(missing);
      WEIR_TRY(loop_.step(std::chrono::milliseconds(100)));
    }
  }

  Error stands_still(std::int64_t missing) const {
    std::string why;
    for (const std::string& reason : loop_.not_ready()) why += "; " + reason;
    return Error{ErrorCode::unavailable,
                 std::to_string(missing) + " offsets are still to be read, and nothing moves" + why,
                 "begin again with an empty schema quota"};
  }

  void compare_late(const CloseVector& close, const RebuiltCut& cut) {
    for (const LateSum& told : close.late) {
      std::int64_t found = 0;
      for (const LateSum& sum : cut.late) {
        const bool same = sum.tenant == told.tenant && sum.subscription == told.subscription &&
                          sum.meter == told.meter && sum.bucket_us == told.bucket_us;
        if (same) found += sum.units;
      }
      if (found == told.units) continue;
      append({"close " + std::to_string(close.id) + " billed " + std::to_string(told.units) +
              " late units of " + told.tenant + "/" + told.subscription + "/" + told.meter +
              " at " + format_rfc3339(told.bucket_us) + ", here are " + std::to_string(found)});
    }
  }
  void compare_counts(const CloseVector& close, const RebuiltCut& cut) {
    WEIR_CHECK(cut.partitions.size() == close.partitions.size());
    for (std::size_t p = 0; p < cut.partitions.size(); ++p) {
      const CutCounts &told = close.partitions[p], &found = cut.partitions[p];
      const std::string where =
          "close " + std::to_string(close.id) + ", partition " + std::to_string(told.partition);
      if (found.n != told.n) {
        append({where + ": the stream is at " + std::to_string(found.n) + ", the cut was " +
                std::to_string(told.n)});
      }
      const auto compare = [&](const char* name, std::int64_t CutCounts::*count) {
        if (told.*count < 0 || told.*count == found.*count) return;
        append({where + ": " + std::to_string(found.*count) + " events " + name +
                ", the certificate says " + std::to_string(told.*count)});
      };
      compare("received", &CutCounts::received);
      compare("applied", &CutCounts::applied);
      compare("duplicate", &CutCounts::duplicate);
      compare("quarantined", &CutCounts::quarantined);
      compare("unprovable", &CutCounts::unprovable);
      compare("adjusted", &CutCounts::adjusted);
    }
  }

  void note_lost_start() {
    const bool whole =
        std::ranges::all_of(log_, [](const LogBounds& bounds) { return bounds.start.value == 0; });
    if (whole) return;
    append(
        {"the log starts behind offset 0: confirm that no producer is missing from the registry "
         "(weir-quota producers list)"});
  }
  void append(std::vector<std::string> differences) {
    for (std::string& one : differences) report_.differences.push_back(std::move(one));
  }

  const RebuildFrom& from_;
  const RebuildInto& into_;
  const std::stop_token& stop_;
  Replay replay_;
  BoundedSource source_;
  QuotaHandler handler_;
  ConsumerLoop loop_;
  RebuildReport report_;
  std::vector<LogBounds> log_;  // as it was when the rebuild began
};

}  // namespace

Result<RebuildReport> rebuild(const RebuildFrom& from, const RebuildInto& into,
                              const std::stop_token& stop) {
  Result<Replay> replay = Replay::of(from.decisions);
  if (!replay) return std::move(replay).error();
  return Rebuilding(from, into, *std::move(replay), stop).run();
}

}  // namespace weir
