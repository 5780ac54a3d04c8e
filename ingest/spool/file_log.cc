#include "ingest/spool/file_log.h"

#include "base/crash_point.h"
#include "ingest/spool/file_log_state.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

Error config_error(const std::string& what, const std::string& remedy) {
  return {ErrorCode::config, what, remedy};
}

Status check_options(const FileLogOptions& options) {
  const auto body_max = static_cast<std::int64_t>(kRecordBodyMax);
  if (options.record_bytes_max < 1 || options.record_bytes_max > body_max) {
    return config_error(
        "the longest record of a log must have 1 to " + std::to_string(body_max) + " bytes", "");
  }
  if (options.bytes_max < options.record_bytes_max) {
    return config_error("a log of " + std::to_string(options.bytes_max) +
                            " bytes has no room for its longest record",
                        "give it at least " + std::to_string(options.record_bytes_max) + " bytes");
  }
  return {};
}

Result<LogMeta> load_or_make(LogDisk& disk, const FileLogOptions& options) {
  Result<LogMeta> meta = load_meta(disk, options.folder);
  if (!meta && meta.error().code == ErrorCode::not_found && options.partitions > 0) {
    return make_log(disk, options.folder, options.partitions);
  }
  if (!meta) return meta;
  if (options.partitions > 0 && meta->partitions != options.partitions) {
    return config_error(options.folder + " is a log of " + std::to_string(meta->partitions) +
                            " partitions, not " + std::to_string(options.partitions),
                        "give it a folder of its own");
  }
  return meta;
}

/// Room for every slot; what a power failure left of it stays as it is.
Result<std::unique_ptr<LogFile>> open_ends(LogDisk& disk, const std::string& folder,
                                           std::int32_t partitions) {
  auto ends = disk.open(ends_path(folder), OpenFor::writing);
  if (!ends && ends.error().code == ErrorCode::not_found) {
    ends = disk.open(ends_path(folder), OpenFor::making);
  }
  if (!ends) return ends;
  const Result<std::uint64_t> size = (*ends)->size();
  if (!size) return size.error();
  const std::uint64_t wanted = 2 * kSlotBytes * static_cast<std::uint64_t>(partitions);
  if (*size < wanted) WEIR_TRY((*ends)->write(*size, std::string(wanted - *size, '\0')));
  return ends;
}

}  // namespace

Result<std::unique_ptr<FileLog>> FileLog::open(LogDisk& disk, const FileLogOptions& options,
                                               Clock& clock) {
  WEIR_TRY(check_options(options));
  auto state = std::make_unique<State>(disk, options, clock);
  if (options.partitions > 0) WEIR_TRY(disk.make_folders(options.folder));
  auto lock = disk.lock(options.folder);
  if (!lock) return lock.error();
  state->folder_lock = *std::move(lock);
  Result<LogMeta> meta = load_or_make(disk, options);
  if (!meta) return meta.error();
  state->meta = *meta;
  state->id = to_hex(meta->id);
  auto ends = open_ends(disk, options.folder, meta->partitions);
  if (!ends) return ends.error();
  state->ends = *std::move(ends);
  for (std::int32_t p = 0; p < meta->partitions; ++p) {
    auto partition =
        PartitionLog::open(disk, options.folder, meta->id, PartitionId{p}, *state->ends);
    if (!partition) return partition.error();
    if (!partition->cut().empty()) state->cut.push_back(partition->cut());
    state->partitions.push_back(*std::move(partition));
  }
  WEIR_TRY(disk.sync_folder(options.folder));
  {
    std::unique_lock guard(state->mutex);
    state->tell(guard);
  }
  return std::unique_ptr<FileLog>(new FileLog(std::move(state)));
}

FileLog::FileLog(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileLog::~FileLog() = default;

Status FileLog::State::check(std::span<const LogRecord> records) const {
  for (const LogRecord& record : records) {
    const std::int32_t partition = record.partition.value;
    if (partition < 0 || partition >= meta.partitions) {
      return Error{ErrorCode::invalid,
                   options.folder + " has no partition " + std::to_string(partition), ""};
    }
    if (record.origin.numbered() && !is_producer_id(record.origin.producer)) {
      return Error{ErrorCode::invalid, "a record's origin names no producer", ""};
    }
    const auto length = static_cast<std::int64_t>(record_bytes(record));
    if (length > options.record_bytes_max || record.content_type.size() > 0xffff) {
      return Error{ErrorCode::invalid,
                   "a record of " + std::to_string(length) + " bytes is longer than " +
                       std::to_string(options.record_bytes_max),
                   "send less in one request"};
    }
  }
  return {};
}

Result<std::vector<Appended>> FileLog::append(std::span<const LogRecord> records,
                                              Deadline deadline) {
  WEIR_TRY(state_->check(records));
  if (records.empty()) return std::vector<Appended>{};
  State::Request request;
  request.records = records;
  for (const LogRecord& record : records) {
    request.bytes += static_cast<std::int64_t>(record_bytes(record));
  }
  std::unique_lock lock(state_->mutex);
  state_->queue.push_back(&request);
  while (!request.done) {
    if (!state_->leading) {
      state_->lead(lock);
    } else if (request.taken) {
      state_->turn.wait(lock);
    } else if (state_->turn.wait_until(lock, deadline.at()) == std::cv_status::timeout &&
               !request.taken && !request.done) {
      std::erase(state_->queue, &request);
      return Error{ErrorCode::unavailable,
                   state_->options.folder + ": the volume did not keep up within the deadline",
                   "look at the volume's load and health"};
    }
  }
  if (request.error) return *request.error;
  return std::move(request.places);
}

FileLog::State::Group FileLog::State::take_group() {
  Group group;
  std::int64_t size = 0;
  while (!queue.empty() &&
         (group.empty() || size + queue.front()->bytes <= options.group_bytes_max)) {
    size += queue.front()->bytes;
    queue.front()->taken = true;
    group.push_back(queue.front());
    queue.pop_front();
  }
  return group;
}

/// Does one group's work, for all who wait for it.
void FileLog::State::lead(std::unique_lock<std::mutex>& lock) {
  leading = true;
  const Group group = take_group();
  lock.unlock();
  commit(group);
  lock.lock();
  for (Request* request : group) request->done = true;
  tell(lock);
}

/// The leader's work is done: what others may see of it, and the turn.
void FileLog::State::tell(std::unique_lock<std::mutex>& lock) {
  WEIR_CHECK(lock.owns_lock());
  bounds.clear();
  bytes = 0;
  for (const PartitionLog& partition : partitions) {
    bounds.push_back(partition.bounds());
    bytes += partition.bytes();
  }
  is_broken = broken.has_value();
  leading = false;
  turn.notify_all();
}

void FileLog::State::commit(const Group& group) {
  std::int64_t room = options.bytes_max;
  for (const PartitionLog& partition : partitions) room -= partition.bytes();
  for (Request* request : group) {
    const Status staged = stage(*request, room);
    if (!staged) request->error = staged.error();
  }
  std::vector<PartitionLog*> touched;
  for (PartitionLog& partition : partitions) {
    if (partition.has_staged()) touched.push_back(&partition);
  }
  const Status durable = make_durable(touched);
  if (!durable) return give_up(group, touched, durable.error());
  for (PartitionLog* partition : touched) partition->settle();
  WEIR_CRASH_POINT("spool.after_fsync");
  for (PartitionLog* partition : touched) {
    const Status published = partition->publish();
    if (published) continue;
    // Durable, but nobody would see it.
    break_log(published.error());
    return give_up(group, {}, published.error());
  }
  WEIR_CRASH_POINT("spool.after_publish");
}

Status FileLog::State::stage(Request& request, std::int64_t& room) {
  if (broken) return *broken;
  if (request.bytes > room) {
    return Error{ErrorCode::full,
                 options.folder + " holds " + std::to_string(options.bytes_max - room) + " of " +
                     std::to_string(options.bytes_max) + " bytes",
                 "wait until it is read and dropped, or allow more"};
  }
  for (const LogRecord& record : request.records) {
    PartitionLog& partition = partitions[static_cast<std::size_t>(record.partition.value)];
    const bool whole = partition.tail_bytes() >= options.segment_bytes;
    if (!partition.has_staged() && whole && !partition.tail_is_empty()) WEIR_TRY(roll(partition));
  }
  for (const LogRecord& record : request.records) {
    PartitionLog& partition = partitions[static_cast<std::size_t>(record.partition.value)];
    request.places.push_back(partition.stage(record, AppendTime{clock.now().value}));
  }
  room -= request.bytes;
  return {};
}

Status FileLog::State::make_durable(const std::vector<PartitionLog*>& touched) {
  for (PartitionLog* partition : touched) WEIR_TRY(partition->write());
  WEIR_CRASH_POINT("spool.before_fsync");
  std::vector<LogFile*> tails;
  for (PartitionLog* partition : touched) tails.push_back(&partition->tail());
  return disk.sync_together(tails);
}

void FileLog::State::give_up(const Group& group, const std::vector<PartitionLog*>& touched,
                             Error why) {
  for (PartitionLog* partition : touched) {
    const Status undone = partition->undo();
    if (!undone) break_log(undone.error());
  }
  if (broken) why.code = ErrorCode::in_doubt;
  for (Request* request : group) {
    if (!request->error) request->error = why;
  }
}

Status FileLog::State::roll(PartitionLog& partition) {
  const Status rolled = partition.roll();
  if (rolled || rolled.error().code != ErrorCode::in_doubt) return rolled;
  break_log(rolled.error());
  return *broken;
}

void FileLog::State::break_log(const Error& why) {
  broken = Error{ErrorCode::unavailable, options.folder + ": takes no more records: " + why.what,
                 "mend the volume, then restart this process"};
}

LogBounds FileLog::bounds(PartitionId partition) const {
  std::lock_guard lock(state_->mutex);
  return state_->bounds.at(static_cast<std::size_t>(partition.value));
}

std::int64_t FileLog::bytes() const {
  std::lock_guard lock(state_->mutex);
  return state_->bytes;
}

bool FileLog::is_broken() const {
  std::lock_guard lock(state_->mutex);
  return state_->is_broken;
}

std::int32_t FileLog::partitions() const { return state_->meta.partitions; }
const std::string& FileLog::id() const { return state_->id; }
const std::string& FileLog::folder() const { return state_->options.folder; }
const std::vector<std::string>& FileLog::cut_at_open() const { return state_->cut; }

}  // namespace weir
