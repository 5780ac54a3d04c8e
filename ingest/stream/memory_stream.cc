#include "ingest/stream/memory_stream.h"

#include "ingest/stream/memory_source.h"

#include <algorithm>

namespace weir {

/// The writing end.
class MemorySink : public RecordSink {
 public:
  explicit MemorySink(MemoryStream& stream) : stream_(stream) {}
  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline) override {
    std::lock_guard lock(stream_.mutex_);
    return static_cast<std::int32_t>(stream_.logs_.size());
  }

 private:
  MemoryStream& stream_;
};

Result<std::vector<Appended>> MemorySink::append(std::span<const OutRecord> records, Deadline) {
  std::lock_guard lock(stream_.mutex_);
  ++stream_.seen_.appends;
  std::optional<MemoryStream::AppendFault> fault;
  if (!stream_.append_faults_.empty()) {
    fault = stream_.append_faults_.front();
    stream_.append_faults_.erase(stream_.append_faults_.begin());
  }
  const Error failed{fault ? fault->code : ErrorCode::unavailable,
                     "memory stream: append fails as asked", ""};
  if (fault && !fault->after_appending) return failed;
  for (const OutRecord& record : records) {
    const auto partitions = static_cast<std::int32_t>(stream_.logs_.size());
    if (record.partition.value < 0 || record.partition.value >= partitions) {
      return Error{ErrorCode::invalid, "no such partition", ""};
    }
  }
  std::vector<Appended> places;
  const int rounds = std::exchange(stream_.repeat_next_append_, false) ? 2 : 1;
  for (int round = 0; round < rounds; ++round) {
    places.clear();
    for (const OutRecord& record : records) {
      const AppendTime now{stream_.clock_.now().value};
      const Offset offset = stream_.append_locked(
          record.partition, {now, std::string(record.content_type), "", std::string(record.value),
                             false, write_origin(record.origin), write_redrive(record.origin)});
      places.push_back({offset, now});
    }
  }
  if (fault) return failed;
  return places;
}

MemoryStream::MemoryStream(std::int32_t partitions, Clock& clock)
    : clock_(clock), logs_(static_cast<std::size_t>(partitions)) {}
MemoryStream::~MemoryStream() { WEIR_CHECK(members_.empty()); }

std::unique_ptr<Source> MemoryStream::join() {
  auto source = std::make_unique<MemorySource>(*this);
  std::lock_guard lock(mutex_);
  members_.push_back(source.get());
  deal_locked();
  return source;
}

std::unique_ptr<RecordSink> MemoryStream::sink() { return std::make_unique<MemorySink>(*this); }

void MemoryStream::deal_locked() {
  ++seen_.rebalances;
  for (std::size_t member = 0; member < members_.size(); ++member) {
    std::vector<PartitionId> share;
    for (std::size_t p = member; p < logs_.size(); p += members_.size()) {
      share.push_back(PartitionId{static_cast<std::int32_t>(p)});
    }
    members_[member]->dealt(std::move(share));
  }
}

Status MemoryStream::question_locked(PartitionId partition) {
  if (failing_questions_ > 0) {
    --failing_questions_;
    return Error{ErrorCode::unavailable, "memory stream: question fails as asked", ""};
  }
  if (partition.value >= 0 && partition.value < static_cast<std::int32_t>(logs_.size())) return {};
  return Error{ErrorCode::not_found, "no such partition", ""};
}

Offset MemoryStream::append_locked(PartitionId partition, Entry entry) {
  Log& into = log(partition);
  const Offset offset = into.end;
  into.entries.emplace(offset, std::move(entry));
  ++into.end;
  ++seen_.records;
  return offset;
}

Offset MemoryStream::put(PartitionId partition, std::string_view content_type,
                         std::string_view value, std::string_view key, std::string_view origin_text,
                         std::string_view redrive_text) {
  std::lock_guard lock(mutex_);
  return append_locked(
      partition, {AppendTime{clock_.now().value}, std::string(content_type), std::string(key),
                  std::string(value), false, std::string(origin_text), std::string(redrive_text)});
}

void MemoryStream::fail_appends(std::vector<AppendFault> faults) {
  std::lock_guard lock(mutex_);
  append_faults_ = std::move(faults);
}

void MemoryStream::repeat_next_append() {
  std::lock_guard lock(mutex_);
  repeat_next_append_ = true;
}

void MemoryStream::fail_polls(int count) {
  std::lock_guard lock(mutex_);
  failing_polls_ = count;
}

void MemoryStream::fail_questions(int count) {
  std::lock_guard lock(mutex_);
  failing_questions_ = count;
}

void MemoryStream::retain_from(PartitionId partition, Offset start) {
  std::lock_guard lock(mutex_);
  Log& of = log(partition);
  of.start = std::max(of.start, start);
  of.entries.erase(of.entries.begin(), of.entries.lower_bound(of.start));
}

void MemoryStream::truncate(PartitionId partition, Offset end) {
  std::lock_guard lock(mutex_);
  Log& of = log(partition);
  of.end = std::min(of.end, end);
  of.entries.erase(of.entries.lower_bound(of.end), of.entries.end());
}

void MemoryStream::recreate() {
  std::lock_guard lock(mutex_);
  for (Log& each : logs_) each = Log{};
  deal_locked();
}

void MemoryStream::put_marker(PartitionId partition) {
  std::lock_guard lock(mutex_);
  append_locked(partition, {AppendTime{clock_.now().value}, "", "", "", true, "", ""});
}

void MemoryStream::begin_transaction(PartitionId partition, int count) {
  std::lock_guard lock(mutex_);
  WEIR_CHECK(!log(partition).open_transaction);
  log(partition).open_transaction = log(partition).end;
  for (int i = 0; i < count; ++i) {
    append_locked(partition, {AppendTime{clock_.now().value}, "", "", "", true, "", ""});
  }
}

void MemoryStream::end_transaction(PartitionId partition) {
  std::lock_guard lock(mutex_);
  log(partition).open_transaction.reset();
  append_locked(partition, {AppendTime{clock_.now().value}, "", "", "", true, "", ""});
}

void MemoryStream::add_partitions(std::int32_t count) {
  std::lock_guard lock(mutex_);
  logs_.resize(logs_.size() + static_cast<std::size_t>(count));
  deal_locked();
}

void MemoryStream::remove_partitions(std::int32_t count) {
  std::lock_guard lock(mutex_);
  WEIR_CHECK(static_cast<std::size_t>(count) < logs_.size());
  logs_.resize(logs_.size() - static_cast<std::size_t>(count));
  deal_locked();
}

std::int32_t MemoryStream::partitions() const {
  std::lock_guard lock(mutex_);
  return static_cast<std::int32_t>(logs_.size());
}

LogBounds MemoryStream::bounds(PartitionId partition) const {
  std::lock_guard lock(mutex_);
  return LogBounds{log(partition).start, log(partition).end};
}

std::optional<Anchor> MemoryStream::anchor_at(PartitionId partition, Offset offset) const {
  std::lock_guard lock(mutex_);
  return anchor_locked(partition, offset);
}

std::optional<Anchor> MemoryStream::anchor_locked(PartitionId partition, Offset offset) const {
  const auto& entries = log(partition).entries;
  const auto found = entries.find(offset);
  if (found == entries.end() || found->second.hidden) return std::nullopt;
  const Entry& entry = found->second;
  const StreamRecord record{partition,          offset,    entry.append_time,
                            entry.content_type, entry.key, entry.value};
  return Anchor{offset, record_digest(record), entry.append_time};
}

void MemoryStream::rebalance() {
  std::lock_guard lock(mutex_);
  deal_locked();
}

MemoryStream::Seen MemoryStream::seen() const {
  std::lock_guard lock(mutex_);
  return seen_;
}

}  // namespace weir
