#include "ingest/spool/log_audit.h"

#include "ingest/spool/log_folder.h"
#include "ingest/spool/segment_cursor.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

using Visit = std::function<bool(const StreamRecord&)>;

/// A spool's folder holds a log for each epoch.
Error no_log(LogDisk& disk, const std::string& folder, const Error& error) {
  Error none = error;
  std::string found;
  if (const auto names = disk.list(folder)) {
    for (const std::string& name : *names) {
      const bool has_one = load_meta(disk, folder + "/" + name).ok();
      if (has_one) found += (found.empty() ? "" : ", ") + folder + "/" + name;
    }
  }
  none.what = folder + " holds no log";
  if (!found.empty()) none.remedy = "name the log itself: " + found;
  return none;
}

class Walk {
 public:
  Walk(LogDisk& disk, const std::string& folder, const LogMeta& meta, LogFile* ends,
       PartitionId partition)
      : disk_(disk), folder_(folder), meta_(meta), ends_(ends), partition_(partition) {}

  /// Of one segment after the other; damage goes to `damage`, and the next segment is read.
  Status run(Offset from, const Visit& visit, PartitionAudit& out) {
    WEIR_TRY(read_ends());
    auto firsts = list_segments(disk_, folder_, partition_);
    if (!firsts) return firsts.error();
    if (at_) std::erase_if(*firsts, [&](Offset first) { return at_->tail < first; });
    if (at_ && !firsts->empty() && at_->start < firsts->front()) {  // or was it dropped just now?
      WEIR_TRY(read_start_again());
    }
    note_ends(*firsts, out);
    if (!firsts->empty() && out.start < firsts->front()) out.damage.push_back(gone(out.start));
    for (std::size_t i = 0; i < firsts->size() && !stopped_; ++i) {
      const bool last = i + 1 == firsts->size();
      const Offset behind = last ? (at_ ? at_->end : Offset{INT64_MAX}) : (*firsts)[i + 1];
      if (behind <= from && !last) continue;
      WEIR_TRY(read_segment((*firsts)[i], last, behind, from, visit, out));
    }
    if (firsts->empty() || (at_ && firsts->back() != at_->tail)) {
      out.damage.push_back(gone(at_ ? at_->tail : Offset{0}));
    }
    return {};
  }

 private:
  Error gone(Offset first) const {
    return damaged_record(partition_, first, segment_path(folder_, partition_, first), 0,
                          "the segment is gone");
  }
  /// The start alone: of what came behind the end meanwhile nothing was listed.
  Status read_start_again() {
    const std::optional<LogEnds> before = std::exchange(at_, std::nullopt);
    WEIR_TRY(read_ends());
    if (!before) return {};
    const Offset start = at_ ? at_->start : before->start;
    at_ = before;
    at_->start = start;
    return {};
  }
  Status read_ends() {
    if (ends_ == nullptr) return {};
    auto read = load_ends(*ends_, meta_.id, partition_);
    if (!read) return read.error();
    at_ = *std::move(read);
    return {};
  }
  void note_ends(const std::vector<Offset>& firsts, PartitionAudit& out) const {
    out.current = at_ && at_->boot == disk_.boot();
    if (at_) {
      out.start = at_->start;
      out.end = at_->end;
    } else if (!firsts.empty()) {
      out.start = out.end = firsts.front();
    }
  }

  /// Up to where the file may be read: the durable bytes of the newest one, all of an older one.
  std::uint64_t limit_of(std::uint64_t size, bool last) const {
    const auto durable = at_ ? static_cast<std::uint64_t>(at_->tail_bytes) : size;
    return last ? durable : size;
  }

  Status read_segment(Offset first, bool last, Offset behind, Offset from, const Visit& visit,
                      PartitionAudit& out) {
    auto cursor = SegmentCursor::open(disk_, segment_path(folder_, partition_, first), meta_.id,
                                      partition_, first, OpenFor::reading);
    if (!cursor) return opened_badly(cursor.error(), first, out);
    const Result<std::uint64_t> size = cursor->file().size();
    if (!size) return size.error();
    const std::uint64_t limit = limit_of(*size, last);
    ++out.segments;
    if (last && *size > limit) out.beyond_bytes = static_cast<std::int64_t>(*size - limit);
    AppendTime not_before = cursor->header().not_before;
    while (true) {
      const Result<SegmentStep> step = cursor->next(std::min(limit, *size));
      if (!step) return step.error();
      if (step->kind != SegmentStep::Kind::record) {
        note_end(*cursor, *step, std::min(limit, *size), behind, last, out);
        out.bytes += static_cast<std::int64_t>(cursor->byte());
        return {};
      }
      const StreamRecord& record = step->read.record;
      if (record.append_time < not_before) {
        out.damage.push_back(cursor->damage("its append time lies before that of the one before"));
      }
      not_before = std::max(not_before, record.append_time);
      if (record.offset < from) continue;
      if (!at_) out.end = record.offset + 1;
      if (!visit(record)) {
        stopped_ = true;
        return {};
      }
    }
  }

  /// A segment may have been dropped while we came to it.
  Status opened_badly(const Error& error, Offset first, PartitionAudit& out) {
    if (error.code == ErrorCode::integrity) {
      out.damage.push_back(error);
      return {};
    }
    if (error.code != ErrorCode::not_found) return error;
    WEIR_TRY(read_start_again());
    if (at_ && first < at_->start) {
      out.start = at_->start;
      return {};
    }
    return error;
  }

  /// The cursor stands where no record follows: is that where the segment ends?
  void note_end(const SegmentCursor& cursor, const SegmentStep& step, std::uint64_t limit,
                Offset behind, bool last, PartitionAudit& out) const {
    const bool fault = step.kind == SegmentStep::Kind::fault;
    const bool unproven = last && !at_;  // torn, as far as anybody can tell
    if (unproven && fault) {
      out.beyond_bytes += static_cast<std::int64_t>(limit - cursor.byte());
      return;
    }
    if (fault) {
      out.damage.push_back(cursor.damage(step.read.fault));
    } else if (!unproven && cursor.offset() < behind) {
      out.damage.push_back(cursor.damage("it is gone: the file is too short"));
    } else if (!unproven && behind < cursor.offset()) {
      out.damage.push_back(cursor.damage("the next segment begins before it"));
    }
  }

  LogDisk& disk_;
  const std::string& folder_;
  const LogMeta& meta_;
  LogFile* ends_;
  PartitionId partition_;
  std::optional<LogEnds> at_;
  bool stopped_ = false;
};

struct Opened {
  LogMeta meta;
  std::unique_ptr<LogFile> ends;  // none: it was lost
};

Result<Opened> open_folder(LogDisk& disk, const std::string& folder) {
  Result<LogMeta> meta = load_meta(disk, folder);
  if (!meta && meta.error().code == ErrorCode::not_found) return no_log(disk, folder, meta.error());
  if (!meta) return meta.error();
  Opened opened{*meta, nullptr};
  auto ends = disk.open(ends_path(folder), OpenFor::reading);
  if (!ends && ends.error().code != ErrorCode::not_found) return ends.error();
  if (ends) opened.ends = *std::move(ends);
  return opened;
}

}  // namespace

bool LogAudit::whole() const {
  return std::all_of(partitions.begin(), partitions.end(),
                     [](const PartitionAudit& one) { return one.damage.empty(); });
}

Result<LogAudit> audit_log(LogDisk& disk, const std::string& folder,
                           const std::function<void(std::int64_t)>& progress) {
  const Result<Opened> opened = open_folder(disk, folder);
  if (!opened) return opened.error();
  LogAudit audit{to_hex(opened->meta.id), {}};
  std::int64_t done = 0;
  for (std::int32_t p = 0; p < opened->meta.partitions; ++p) {
    PartitionAudit& out = audit.partitions.emplace_back();
    out.partition = PartitionId{p};
    Walk walk(disk, folder, opened->meta, opened->ends.get(), out.partition);
    const auto count = [&](const StreamRecord& record) {
      ++out.records;
      if (!out.oldest) out.oldest = record.append_time;
      out.newest = record.append_time;
      done += static_cast<std::int64_t>(record.key.size() + record.value.size());
      if (progress && out.records % 1024 == 0) progress(done);
      return true;
    };
    WEIR_TRY(walk.run(Offset{0}, count, out));
  }
  return audit;
}

Status walk_log(LogDisk& disk, const std::string& folder, PartitionId partition, Offset from,
                const std::function<bool(const StreamRecord&)>& visit) {
  const Result<Opened> opened = open_folder(disk, folder);
  if (!opened) return opened.error();
  if (partition.value < 0 || partition.value >= opened->meta.partitions) {
    return Error{ErrorCode::invalid,
                 folder + " has no partition " + std::to_string(partition.value),
                 "its partitions are 0 to " + std::to_string(opened->meta.partitions - 1)};
  }
  PartitionAudit out;
  Walk walk(disk, folder, opened->meta, opened->ends.get(), partition);
  WEIR_TRY(walk.run(from, visit, out));
  if (!out.damage.empty()) return out.damage.front();
  return {};
}

}  // namespace weir
