#include "ingest/producer/forwarder.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "ingest/codec/codec.h"
#include "ingest/producer/kept_records.h"
#include "ingest/producer/producer_file.h"

#include <algorithm>

namespace weir {
namespace {

std::size_t index(PartitionId partition) { return static_cast<std::size_t>(partition.value); }

}  // namespace

Forwarder::Forwarder(Parts parts, std::unique_ptr<LogReader> reader, std::vector<Offset> cursor)
    : parts_(std::move(parts)),
      reader_(std::move(reader)),
      cursor_(cursor),
      saved_(std::move(cursor)),
      saved_at_(parts_.clock.steady_now()),
      limit_(parts_.options.batch_records_max) {}

Result<std::unique_ptr<Forwarder>> Forwarder::open(Parts parts) {
  Result<std::unique_ptr<LogReader>> reader = LogReader::open(parts.disk, parts.log.folder());
  if (!reader) return reader.error();
  Result<std::optional<std::vector<Offset>>> stored =
      read_cursor(parts.disk, parts.options.folder, parts.epoch);
  if (!stored) return stored.error();
  std::vector<Offset> cursor(static_cast<std::size_t>(parts.log.partitions()));
  for (std::int32_t p = 0; p < parts.log.partitions(); ++p) {
    const LogBounds bounds = parts.log.bounds(PartitionId{p});
    Offset& at = cursor[static_cast<std::size_t>(p)];
    if (*stored && (*stored)->size() == cursor.size()) at = (**stored)[static_cast<std::size_t>(p)];
    if (bounds.end < at) {
      return Error{ErrorCode::integrity,
                   parts.log.folder() + ": partition " + std::to_string(p) + " ends at " +
                       std::to_string(bounds.end.value) + ", but was forwarded to " +
                       std::to_string(at.value),
                   "an older copy of the spool was put back: its numbers would be given twice. Set "
                   "the folder aside, and retire its producer by name"};
    }
    at = std::max(at, bounds.start);
  }
  return std::unique_ptr<Forwarder>(
      new Forwarder(std::move(parts), *std::move(reader), std::move(cursor)));
}

bool Forwarder::passed(const std::vector<Offset>& ends) const {
  for (std::size_t p = 0; p < ends.size(); ++p) {
    if (cursor_[p] < ends[p]) return false;
  }
  return true;
}

Status Forwarder::read_partition(PartitionId partition) {
  const Offset end = parts_.log.bounds(partition).end;
  for (Offset at = cursor_[index(partition)]; at < end; ++at) {
    if (batch_.size() >= limit_) return {};
    Result<std::optional<StreamRecord>> record = reader_->read(partition, at);
    if (!record) return record.error();
    if (!*record) return {};
    const auto bytes = static_cast<std::int64_t>((*record)->value.size());
    if (!batch_.empty() && batch_bytes_ + bytes > parts_.options.batch_bytes_max) return {};
    batch_bytes_ += bytes;
    batch_.push_back(
        {**record, std::string((*record)->content_type), std::string((*record)->value)});
  }
  return {};
}

Status Forwarder::read_batch() {
  batch_.clear();
  batch_bytes_ = 0;
  for (std::size_t i = 0; i < cursor_.size(); ++i) {
    const auto partition = static_cast<std::int32_t>((first_ + i) % cursor_.size());
    WEIR_TRY(read_partition(PartitionId{partition}));
  }
  std::int64_t oldest = 0;
  for (const Waiting& waiting : batch_) {
    const std::int64_t since = waiting.record.append_time.value;
    if (oldest == 0 || since < oldest) oldest = since;
  }
  parts_.oldest_waiting_us = oldest;
  return {};
}

OutRecord Forwarder::numbered(const Waiting& waiting) const {
  Origin origin;
  origin.producer = parts_.producer;
  origin.epoch = parts_.epoch;
  origin.number = waiting.record.offset.value + 1;
  origin.redrive = waiting.record.origin.redrive;
  return {waiting.record.partition, waiting.content_type, waiting.value, origin};
}

void Forwarder::advance() {
  for (const Waiting& waiting : batch_) {
    cursor_[index(waiting.record.partition)] = waiting.record.offset + 1;
  }
  parts_.forwarded.add(static_cast<std::int64_t>(batch_.size()));
  limit_ = std::min(limit_ * 2, parts_.options.batch_records_max);
  first_ = (first_ + 1) % cursor_.size();
}

Result<bool> Forwarder::step(RecordSink& sink, Deadline deadline) {
  while (true) {
    WEIR_TRY(read_batch());
    if (batch_.empty()) return false;
    std::vector<OutRecord> out;
    for (const Waiting& waiting : batch_) out.push_back(numbered(waiting));
    WEIR_CRASH_POINT("collector.before_forward");
    Result<std::vector<Appended>> sent = sink.append(out, deadline);
    WEIR_CRASH_POINT("collector.after_forward");
    if (sent) {
      advance();
      const auto now = parts_.clock.steady_now();
      if (now - saved_at_ >= parts_.options.cursor_interval) WEIR_TRY(save_cursor());
      return true;
    }
    const ErrorCode code = sent.error().code;
    if (code == ErrorCode::invalid && batch_.size() == 1) {
      return refused(sink, sent.error(), deadline);
    }
    if (code == ErrorCode::invalid || code == ErrorCode::in_doubt || code == ErrorCode::full) {
      limit_ = std::max<std::size_t>(1, batch_.size() / 2);
    }
    if (code != ErrorCode::invalid || deadline.passed()) return sent.error();
  }
}

/// One record that the stream can never take: kept, and a void in its place.
Result<bool> Forwarder::refused(RecordSink& sink, const Error& error, Deadline deadline) {
  const Waiting& waiting = batch_.front();
  Result<std::int32_t> partitions = sink.partition_count(deadline);
  if (!partitions) return partitions.error();
  if (waiting.record.partition.value >= *partitions) return error;  // no fault of the record's
  WEIR_TRY(keep_rejected(waiting, error));
  OutRecord in_its_place = numbered(waiting);
  in_its_place.origin.redrive = 0;  // the redriven event is not in it
  in_its_place.content_type = kVoid;
  in_its_place.value = {};
  Result<std::vector<Appended>> sent = sink.append({&in_its_place, 1}, deadline);
  if (!sent) return sent.error();
  parts_.voided.add();
  advance();
  return true;
}

Status Forwarder::keep_rejected(const Waiting& waiting, const Error& why) {
  const KeptRecord kept{parts_.producer,
                        parts_.epoch,
                        waiting.record.partition,
                        waiting.record.offset.value + 1,
                        waiting.record.origin.redrive,
                        waiting.content_type};
  const Result<std::string> path =
      keep_record(parts_.disk, parts_.options.folder, kept, waiting.value);
  if (!path) return path.error();
  log_error("the stream can never take a record; a void goes in its place",
            {{"producer", parts_.producer},
             {"epoch", parts_.epoch},
             {"partition", waiting.record.partition.value},
             {"number", waiting.record.offset.value + 1},
             {"content_type", waiting.content_type},
             {"bytes", waiting.value.size()},
             {"reason", why.text()},
             {"kept_in", *path},
             {"remedy",
              "its events are in no bill: make the topic take it (max.message.bytes), "
              "then weir-ingest resend " +
                  parts_.options.folder}});
  return {};
}

Status Forwarder::save_cursor() {
  saved_at_ = parts_.clock.steady_now();
  if (saved_ == cursor_) return {};
  WEIR_CRASH_POINT("collector.before_cursor");
  const Status written = write_cursor(parts_.disk, parts_.options.folder, parts_.epoch, cursor_);
  if (written) saved_ = cursor_;
  // Also when the volume is too full for the cursor, or it would stay so: where the spool begins is
  // a cursor, too.
  for (std::int32_t p = 0; p < parts_.log.partitions(); ++p) {
    WEIR_TRY(parts_.log.drop_before(PartitionId{p}, cursor_[static_cast<std::size_t>(p)]));
  }
  return written;
}

}  // namespace weir
