// What records say of themselves, as BatchFilling takes it: their producer's number (R13), seals, and
// of which quarantined event one is the mended form (R7), where an unprovable one came from (R6).
#include "ingest/event/limits.h"
#include "ingest/stream/batch_filling.h"

#include <algorithm>

namespace weir {

/// Prolongs the newest run of this producer where it can. Several producers take turns in a partition,
/// so that run need not be the last one.
void BatchFilling::take_number(Range& range, const Origin& origin, Offset offset) {
  if (!origin.numbered()) return;
  constexpr std::size_t kLookBack = 64;
  const std::size_t runs = range.numbers.size();
  for (std::size_t back = 1; back <= std::min(runs, kLookBack); ++back) {
    NumberRun& run = range.numbers[runs - back];
    if (run.epoch != origin.epoch || run.producer != origin.producer) continue;
    if (run.from <= origin.number && origin.number <= run.to) return;  // a copy
    if (origin.number - 1 != run.to) break;
    run.to = origin.number;
    run.last = offset;
    return;
  }
  range.numbers.push_back(
      {std::string(origin.producer), origin.epoch, origin.number, origin.number, offset, offset});
  besides_bytes_ += sizeof(NumberRun) + origin.producer.size();
}

void BatchFilling::take_seal(const StreamRecord& record, RangeCounts& counts) {
  Result<Seal> seal = read_seal(record.value);
  if (!seal || !is_producer_id(seal->producer)) {
    return refuse_record(record, "seal", seal ? "its producer is no id" : seal.error().what,
                         counts);
  }
  batch_.seals.push_back({record.partition, record.offset, record.append_time, *std::move(seal)});
  besides_bytes_ += sizeof(SealRecord) + record.value.size();
}

/// The whole record, as one event that cannot be read.
void BatchFilling::refuse_record(const StreamRecord& record, const char* field, std::string detail,
                                 RangeCounts& counts) {
  Quarantined entry;
  entry.whole = true;
  entry.reason = reason::kMalformed;
  entry.field = field;
  entry.detail = std::move(detail);
  ++counts.received;
  if (!record.origin.numbered()) ++counts.unnumbered;
  quarantine(record, std::move(entry), counts);
}

/// A child is one event. A record that names one and holds several is refused whole.
void BatchFilling::require_one_event(const StreamRecord& record, std::size_t base) {
  if (report_.events == 1) return;
  const std::string detail = "child " + std::to_string(record.origin.redrive) +
                             " is one event, and the record holds " +
                             std::to_string(report_.events);
  batch_.rows.truncate(base);
  report_.clear();
  report_.whole = true;
  report_.events = 1;
  report_.rejections.push_back({0, reason::kMalformed, kRedriveHeader, detail});
}

void BatchFilling::take_redrive(const StreamRecord& record, std::size_t base) {
  RedriveRecord& taken = batch_.redriven.emplace_back();
  taken.child = record.origin.redrive;
  taken.partition = record.partition;
  taken.offset = record.offset;
  taken.append_time = record.append_time;
  if (batch_.rows.rows() > base) taken.row = static_cast<std::uint32_t>(base);
  besides_bytes_ += sizeof(RedriveRecord);
}

/// An unprovable event is judged by a person, who asks for its source: that stands in the detail, which
/// nobody decoded so far. A row whose detail cannot be read has none.
void BatchFilling::take_sources(const StreamRecord& record, std::size_t base) {
  DecodeContext context;
  context.latest = EventTime{record.append_time.value + options_.permitted_future.count()};
  spare_.clear();
  spare_report_.clear();
  decoder_.decode(record.content_type, record.value, context, spare_, spare_report_);
  std::size_t at = 0;
  const auto index_of = [&](std::size_t row) {
    return spare_report_.rejections.empty() ? static_cast<std::uint32_t>(row)
                                            : spare_report_.row_index[row];
  };
  for (std::size_t i = 0; i < row_index_.size(); ++i) {
    if (batch_.verdict[base + i] != Verdict::unprovable) continue;
    while (at < spare_.rows() && index_of(at) < row_index_[i]) ++at;
    if (at == spare_.rows() || index_of(at) != row_index_[i]) continue;
    const std::string_view source = spare_.source.at(at);
    batch_.sources.push_back({static_cast<std::uint32_t>(base + i), std::string(source)});
    besides_bytes_ += sizeof(RowSource) + source.size();
  }
}

}  // namespace weir
