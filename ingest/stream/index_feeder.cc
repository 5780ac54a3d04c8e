#include "ingest/stream/index_feeder.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace weir {
namespace {

/// The rows of the record at `offset` that were quarantined.
std::span<const Address> recorded_at(const PartitionReader& reader, Offset offset) {
  const auto& all = reader.quarantined;
  const Address first{reader.incarnation, offset, 0};
  const Address last{reader.incarnation, offset, kWholeRecord};
  const auto from = std::lower_bound(all.begin(), all.end(), first);
  const auto to = std::upper_bound(from, all.end(), last);
  return {from, to};
}

bool holds_events(const StreamRecord& record) {
  return record.content_type != kBarrier && record.content_type != kSeal &&
         record.content_type != kVoid;
}

}  // namespace

Status IndexFeeder::feed(PartitionReader& reader, const StreamRecord& record) {
  const std::span<const Address> quarantined = recorded_at(reader, record.offset);
  const bool whole = !quarantined.empty() && quarantined.back().row == kWholeRecord;
  if (!whole && holds_events(record)) {
    DecodeContext context;
    context.sections = Sections::usage;
    context.latest = EventTime{std::numeric_limits<std::int64_t>::max()};
    rows_.clear();
    report_.clear();
    decoder_.decode(record.content_type, record.value, context, rows_, report_);
    leave_out(quarantined);
    verdicts_.resize(rows_.rows());
    WEIR_TRY(reader.index->classify(record.offset.value, record.append_time, rows_.identity,
                                    rows_.time, row_index_, verdicts_));
  }
  reader.index->advance_to(record.offset.value + 1, record.append_time);
  reader.read_to = record.offset + 1;
  return {};
}

/// Numbers the rows, and closes up over those that were quarantined; only identity and time are used.
void IndexFeeder::leave_out(std::span<const Address> quarantined) {
  row_index_.resize(rows_.rows());
  if (report_.rejections.empty()) {
    std::iota(row_index_.begin(), row_index_.end(), 0u);
  } else {
    row_index_.assign(report_.row_index.begin(), report_.row_index.end());
  }
  if (quarantined.empty()) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < row_index_.size(); ++i) {
    const bool recorded =
        std::any_of(quarantined.begin(), quarantined.end(),
                    [&](const Address& address) { return address.row == row_index_[i]; });
    if (recorded) continue;
    rows_.identity[kept] = rows_.identity[i];
    rows_.time[kept] = rows_.time[i];
    row_index_[kept++] = row_index_[i];
  }
  rows_.identity.resize(kept);
  rows_.time.resize(kept);
  row_index_.resize(kept);
}

}  // namespace weir
