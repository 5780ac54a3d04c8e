#include "billing/verify/from_stream.h"

#include "billing/verify/recorded.h"
#include "billing/verify/verify.h"

#include <algorithm>

namespace weir {
namespace {

constexpr Micros kPoll = std::chrono::milliseconds(200);

bool bears_events(const StreamRecord& record) {
  return record.content_type != kBarrier && record.content_type != kSeal &&
         record.content_type != kVoid;
}

/// Reads one partition after the other, from its first record to the cut.
class Reader {
 public:
  Reader(Source& stream, const RecordedClose& close, const IdentityKey& key,
         const RecountOptions& options, RecountReport& report)
      : stream_(stream), close_(close), decoder_(key), options_(options), report_(report) {}

  /// The group gives all partitions to its one member.
  Status join() {
    const Deadline deadline = Deadline::in(options_.quiet_timeout);
    std::size_t assigned = 0;
    while (assigned < close_.cut.size()) {
      if (deadline.passed()) {
        return Error{ErrorCode::unavailable, "the stream's partitions were not assigned in time",
                     "see that the broker runs and that stream.topic is right"};
      }
      const auto polled = stream_.poll(kPoll);
      if (!polled) return polled.error();
      if (polled->kind == Polled::Kind::assigned) assigned += polled->partitions.size();
    }
    return {};
  }

  /// From which event time on every record of a bucket is still there.
  Result<std::int64_t> complete_from(PartitionId partition) {
    const Deadline deadline = Deadline::in(options_.quiet_timeout);
    const auto bounds = stream_.bounds(partition, deadline);
    if (!bounds) return bounds.error();
    if (bounds->start.value == 0) return kSinceAlwaysUs;
    const auto first = stream_.anchor_at(partition, bounds->start, deadline);
    if (!first) return first.error();
    const std::int64_t appended =
        *first ? (*first)->append_time.value : close_.closed_at_us;  // nothing of it is left
    const std::int64_t length = close_.bucket.count();
    const std::int64_t from_us = (appended + close_.skew.count() + length - 1) / length * length;
    report_.notes.push_back("partition " + std::to_string(partition.value) + " begins at offset " +
                            std::to_string(bounds->start.value) + ": compared from " +
                            format_rfc3339(from_us) + " on");
    return from_us;
  }

  Status read(PartitionId partition, Recount& recount) {
    const Offset cut(close_.cut[static_cast<std::size_t>(partition.value)]);
    const auto bounds = stream_.bounds(partition, Deadline::in(options_.quiet_timeout));
    if (!bounds) return bounds.error();
    if (bounds->start >= cut) return {};
    WEIR_TRY(stream_.start(partition, bounds->start));
    Deadline quiet = Deadline::in(options_.quiet_timeout);
    while (true) {
      const auto position = stream_.position(partition);
      if (position && *position >= cut) break;
      const auto polled = stream_.poll(kPoll);
      if (!polled) return polled.error();
      if (polled->kind == Polled::Kind::revoked || polled->kind == Polled::Kind::unreadable) {
        return Error{ErrorCode::unavailable, "the stream's log changed while it was read",
                     "run verify --from-stream again"};
      }
      if (polled->kind != Polled::Kind::record) {
        if (quiet.passed()) return silent(partition, cut);
        continue;
      }
      quiet = Deadline::in(options_.quiet_timeout);
      const StreamRecord& record = polled->record;
      if (record.partition != partition) continue;
      if (record.offset >= cut) break;
      WEIR_TRY(take(record, recount));
    }
    const PartitionId done[] = {partition};
    return stream_.pause(done);
  }

 private:
  static Error silent(PartitionId partition, Offset cut) {
    return {ErrorCode::unavailable,
            "partition " + std::to_string(partition.value) + " says nothing before " +
                std::to_string(cut.value),
            "see that the broker runs"};
  }

  Status take(const StreamRecord& record, Recount& recount) {
    if (!bears_events(record) || recount.quarantined(record.offset, -1)) return {};
    DecodeContext context;
    context.sections = Sections::usage;
    context.latest = EventTime(record.append_time.value + close_.skew.count());
    rows_.clear();
    decoded_.clear();
    decoder_.decode(record.content_type, record.value, context, rows_, decoded_);
    for (const Rejection& refused : decoded_.rejections) {
      const std::int64_t row = decoded_.whole ? -1 : static_cast<std::int64_t>(refused.row);
      if (recount.quarantined(record.offset, row)) continue;
      report_.found.add("not_decodable",
                        "partition " + std::to_string(record.partition.value) + " offset " +
                            std::to_string(record.offset.value) + " row " + std::to_string(row),
                        "applied", "refused: " + std::string(refused.reason));
    }
    return recount.add(record.offset, record.append_time, rows_, decoded_.row_index);
  }

  Source& stream_;
  const RecordedClose& close_;
  Decoder decoder_;
  const RecountOptions& options_;
  RecountReport& report_;
  RequestBatch rows_;
  DecodeReport decoded_;
};

std::string name_of(const BucketKey& key) {
  const auto& [tenant, subscription, meter, bucket_us] = key;
  return tenant + "/" + subscription + " " + meter + " at " + format_rfc3339(bucket_us);
}

void compare(const std::map<BucketKey, std::int64_t>& stored,
             const std::map<BucketKey, Counted>& counted, RecountReport& report) {
  report.sums = static_cast<std::int64_t>(stored.size());
  for (const auto& [key, units] : stored) {
    const auto found = counted.find(key);
    const Counted again = found == counted.end() ? Counted{} : found->second;
    if (units >= again.units && units <= again.units + again.maybe) continue;
    report.found.add("usage", name_of(key), std::to_string(units), std::to_string(again.units));
  }
  for (const auto& [key, again] : counted) {
    if (stored.contains(key) || again.units == 0) continue;
    report.found.add("usage", name_of(key), "0", std::to_string(again.units));
  }
}

struct Recorded {
  RecordedClose close;
  std::map<std::int64_t, RecordedVerdicts> verdicts;
};

Status read_all(Reader& reader, const Recorded& recorded, const RecountOptions& options,
                Recount& counts) {
  const auto partitions = static_cast<std::int32_t>(recorded.close.cut.size());
  for (std::int32_t p = 0; p < partitions; ++p) {
    if (options.progress) options.progress(p, partitions);
    const auto verdicts = recorded.verdicts.find(p);
    counts.begin_partition(verdicts == recorded.verdicts.end() ? RecordedVerdicts{}
                                                               : verdicts->second);
    WEIR_TRY(reader.read(PartitionId(p), counts));
  }
  return {};
}

Result<std::int64_t> comparable_from(Reader& reader, const RecordedClose& close) {
  std::int64_t from_us = kSinceAlwaysUs;
  for (std::size_t p = 0; p < close.cut.size(); ++p) {
    const auto from = reader.complete_from(PartitionId(static_cast<std::int32_t>(p)));
    if (!from) return from.error();
    from_us = std::max(from_us, *from);
  }
  return from_us;
}

}  // namespace

Result<RecountReport> recount(Database& database, Source& stream, const IdentityKey& key,
                              const RecountOptions& options) {
  const Deadline deadline = Deadline::in(std::chrono::minutes(10));
  auto lease = database.acquire(deadline);
  if (!lease) return lease.error();
  Result<RecordedClose> close = read_recorded_close(**lease, options.close, deadline);
  if (!close) return close.error();
  Recorded recorded{*std::move(close), {}};
  RecountReport report;
  report.close_id = recorded.close.id;
  report.to_us = recorded.close.t_us;
  if (recorded.close.incarnation != 1) {
    report.possible = false;
    report.notes.push_back("the stream is in incarnation " +
                           std::to_string(recorded.close.incarnation) +
                           ": what its earlier lives held cannot be read from it");
    return report;
  }
  auto verdicts = read_verdicts(**lease, recorded.close, deadline);
  if (!verdicts) return verdicts.error();
  recorded.verdicts = *std::move(verdicts);

  Reader reader(stream, recorded.close, key, options, report);
  WEIR_TRY(reader.join());
  const auto from = comparable_from(reader, recorded.close);
  if (!from) return from.error();
  report.from_us = *from;
  report.possible = report.from_us < report.to_us;
  if (!report.possible) return report;
  Recount counts(recorded.close.catalog,
                 {recorded.close.bucket, recorded.close.skew, recorded.close.restamp_window,
                  report.from_us, report.to_us});
  WEIR_TRY(read_all(reader, recorded, options, counts));
  const auto stored = read_sums(**lease, recorded.close, report.from_us, deadline);
  if (!stored) return stored.error();
  report.events = counts.events();
  report.copies = counts.copies();
  compare(*stored, counts.counted(), report);
  return report;
}

}  // namespace weir
