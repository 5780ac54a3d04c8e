#include "ingest/stream/batch_filling.h"

#include "ingest/event/limits.h"

#include <algorithm>
#include <numeric>

namespace weir {
namespace {

constexpr std::uint32_t kNoRange = 0xffffffff;
constexpr std::size_t kMeasureEveryBytes = 64u << 10;  // of records, between two sizings of columns

}  // namespace

std::uint32_t BatchFilling::range_of(PartitionReader& reader) {
  const auto partition = static_cast<std::size_t>(reader.partition.value);
  if (partition >= range_by_partition_.size()) range_by_partition_.resize(partition + 1, kNoRange);
  std::uint32_t& range = range_by_partition_[partition];
  if (range != kNoRange) return range;
  range = static_cast<std::uint32_t>(batch_.ranges.size());
  if (members_.empty()) batch_.incarnation = reader.incarnation;
  WEIR_CHECK(batch_.incarnation == reader.incarnation);
  members_.push_back(&reader);
  Range& made = batch_.ranges.emplace_back();
  made.partition = reader.partition;
  made.from = reader.next;
  made.to = reader.next;
  if (reader.gap) {
    made.to = reader.gap->to;
    batch_.gaps.push_back(*reader.gap);
  }
  return range;
}

void BatchFilling::pass(PartitionReader& reader, Offset to) {
  Range& range = batch_.ranges[range_of(reader)];
  range.to = std::max(range.to, to);
  reader.read_to = std::max(reader.read_to, to);
  reader.index->advance_to(to.value, std::nullopt);
}

Status BatchFilling::add(PartitionReader& reader, const StreamRecord& record,
                         std::int32_t partitions) {
  WEIR_CHECK(reader.stage == Stage::live && record.offset >= reader.read_to);
  const std::uint32_t range = range_of(reader);
  reader.newest.copy(record);
  batch_.ranges[range].newest_append = record.append_time;

  if (record.content_type != kBarrier) {
    raw_kept_ = false;
    RangeCounts& counts = batch_.ranges[range].counts;
    if (record.origin.malformed) {
      refuse_record(record, kOriginHeader, "the headers of the record's origin cannot be read",
                    counts);
    } else {
      take_number(batch_.ranges[range], record.origin, record.offset);
      if (record.content_type == kSeal) {
        take_seal(record, counts);
      } else if (record.content_type != kVoid) {
        WEIR_TRY(take_events(reader, record, partitions, range));
      }
    }
  }
  reader.index->advance_to(record.offset.value + 1, record.append_time);
  reader.read_to = record.offset + 1;
  batch_.ranges[range].to = reader.read_to;
  measure(record);
  return {};
}

Status BatchFilling::take_events(PartitionReader& reader, const StreamRecord& record,
                                 std::int32_t partitions, std::uint32_t range) {
  const std::size_t base = batch_.rows.rows();
  RangeCounts& counts = batch_.ranges[range].counts;
  DecodeContext context;
  context.sections = sections_;
  context.latest = EventTime{record.append_time.value + options_.permitted_future.count()};
  report_.clear();
  decoder_.decode(record.content_type, record.value, context, batch_.rows, report_);
  if (record.origin.redrive != 0) require_one_event(record, base);
  counts.received += report_.events;
  if (!record.origin.numbered()) counts.unnumbered += report_.events;
  number_rows(base);
  take_rejections(record, counts);
  if (options_.check_partitioner) take_misrouted(record, partitions, base, counts);
  const std::int64_t unprovable = counts.unprovable;
  WEIR_TRY(classify(reader, record, base, range));
  if (counts.unprovable > unprovable && !batch_.rows.has_detail) take_sources(record, base);
  if (record.origin.redrive != 0) take_redrive(record, base);
  return {};
}

void BatchFilling::number_rows(std::size_t base) {
  row_index_.resize(batch_.rows.rows() - base);
  if (report_.rejections.empty()) {
    std::iota(row_index_.begin(), row_index_.end(), 0u);
    return;
  }
  WEIR_CHECK(report_.whole || report_.row_index.size() == row_index_.size());
  row_index_.assign(report_.row_index.begin(), report_.row_index.end());
}

/// Of several events of one record, the first bears the record's bytes.
void BatchFilling::quarantine(const StreamRecord& record, Quarantined entry, RangeCounts& counts) {
  entry.partition = record.partition;
  entry.offset = record.offset;
  entry.append_time = record.append_time;
  entry.content_type = record.content_type;
  if (!raw_kept_) entry.raw = record.value;
  raw_kept_ = true;
  besides_bytes_ += sizeof(Quarantined) + entry.raw.size() + entry.detail.size();
  ++counts.quarantined;
  batch_.quarantined.push_back(std::move(entry));
}

void BatchFilling::take_rejections(const StreamRecord& record, RangeCounts& counts) {
  for (const Rejection& rejection : report_.rejections) {
    Quarantined entry;
    entry.row = rejection.row;
    entry.whole = report_.whole;
    entry.reason = rejection.reason;
    entry.field = rejection.field;
    entry.detail = rejection.detail;
    quarantine(record, std::move(entry), counts);
  }
}

void BatchFilling::take_misrouted(const StreamRecord& record, std::int32_t partitions,
                                  std::size_t base, RangeCounts& counts) {
  misrouted_.clear();
  routes_.find(batch_.rows, base, record.partition, partitions, misrouted_);
  if (misrouted_.empty()) return;
  for (const std::uint32_t row : misrouted_) {
    const PartitionId home = partition_of(batch_.rows.subscription.at(row), partitions);
    Quarantined entry;
    entry.row = row_index_[row - base];
    entry.reason = reason::kMisrouted;
    entry.field = "subscription";
    entry.detail = misrouted_detail(record.partition, home, !record.key.empty());
    quarantine(record, std::move(entry), counts);
  }
  drop_rows(base);
}

/// Takes the rows in misrouted_ out again: the others go through a spare batch and back.
void BatchFilling::drop_rows(std::size_t base) {
  spare_.clear();
  spare_.append(batch_.rows, base, batch_.rows.rows());
  batch_.rows.truncate(base);
  std::size_t kept = 0;
  std::size_t from = 0;
  auto keep = [&](std::size_t to) {
    batch_.rows.append(spare_, from, to);
    for (; from < to; ++from) row_index_[kept++] = row_index_[from];
  };
  for (const std::uint32_t row : misrouted_) {
    keep(row - base);
    ++from;
  }
  keep(spare_.rows());
  row_index_.resize(kept);
}

Status BatchFilling::classify(PartitionReader& reader, const StreamRecord& record, std::size_t base,
                              std::uint32_t range) {
  const std::size_t rows = batch_.rows.rows() - base;
  batch_.verdict.resize(base + rows);
  batch_.range_of.resize(base + rows, range);
  batch_.append_time.resize(base + rows, record.append_time);
  batch_.address.resize(base + rows);
  for (std::size_t i = 0; i < rows; ++i) {
    batch_.address[base + i] = {reader.incarnation, record.offset, row_index_[i]};
  }
  const std::span<Verdict> verdicts = std::span(batch_.verdict).subspan(base);
  WEIR_TRY(reader.index->classify(record.offset.value, record.append_time,
                                  std::span(batch_.rows.identity).subspan(base),
                                  std::span(batch_.rows.time).subspan(base), row_index_, verdicts));
  RangeCounts& counts = batch_.ranges[range].counts;
  for (const Verdict verdict : verdicts) {
    counts.applied += verdict == Verdict::fresh;
    counts.duplicate += verdict == Verdict::duplicate;
    counts.unprovable += verdict == Verdict::unprovable;
  }
  return {};
}

void BatchFilling::measure(const StreamRecord& record) {
  unmeasured_bytes_ += record.value.size();
  if (unmeasured_bytes_ < kMeasureEveryBytes) return;
  unmeasured_bytes_ = 0;
  constexpr std::size_t kBesides = sizeof(Verdict) + sizeof(std::uint32_t) + sizeof(Address) +
                                   sizeof(AppendTime);  // the batch's own columns
  rows_bytes_ = batch_.rows.bytes() + batch_.rows.rows() * kBesides;
}

bool BatchFilling::full() const {
  const auto rows = static_cast<std::int64_t>(batch_.rows.rows());
  const auto bytes = static_cast<std::int64_t>(rows_bytes_ + besides_bytes_);
  return rows >= options_.commit_rows_max || bytes >= options_.commit_bytes_max;
}

std::int64_t BatchFilling::rows_in_flight() const {
  return static_cast<std::int64_t>(batch_.rows.rows() + batch_.quarantined.size());
}

const CommitBatch& BatchFilling::finish() {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const PartitionReader& reader = *members_[i];
    Range& range = batch_.ranges[i];
    const RangeCounts& counts = range.counts;
    WEIR_CHECK(counts.received == counts.applied + counts.duplicate + counts.quarantined +
                                      counts.unprovable + counts.dropped);
    if (range.newest_append) range.anchor = reader.newest.anchor(reader.partition);
    range.caught_up_at.reset();
    if (reader.observed && reader.observed->end <= range.to) {
      range.caught_up_at = reader.observed->at;
    }
    range.horizon_from = reader.index->horizon_from();
    range.sealed = reader.sealed;
    range.expired = reader.expired;
  }
  sort_ranges();
  return batch_;
}

/// Ranges go ascending by partition; rows follow their range's new place.
void BatchFilling::sort_ranges() {
  auto before = [](const Range& a, const Range& b) { return a.partition < b.partition; };
  if (std::is_sorted(batch_.ranges.begin(), batch_.ranges.end(), before)) return;
  std::sort(members_.begin(), members_.end(),
            [](const PartitionReader* a, const PartitionReader* b) {
              return a->partition < b->partition;
            });
  order_.resize(batch_.ranges.size());  // old place → new place
  for (std::uint32_t place = 0; place < members_.size(); ++place) {
    std::uint32_t& kept =
        range_by_partition_[static_cast<std::size_t>(members_[place]->partition.value)];
    order_[kept] = place;
    kept = place;
  }
  for (std::uint32_t& range : batch_.range_of) range = order_[range];
  std::sort(batch_.ranges.begin(), batch_.ranges.end(), before);
}

void BatchFilling::clear() {
  batch_.clear();
  members_.clear();
  std::fill(range_by_partition_.begin(), range_by_partition_.end(), kNoRange);
  routes_.forget();
  besides_bytes_ = 0;
  rows_bytes_ = 0;
  unmeasured_bytes_ = 0;
}

}  // namespace weir
