#include "ingest/file_stream/file_stream_source.h"

#include "base/log.h"
#include "base/process.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr Micros kLookForLogEvery = std::chrono::milliseconds(100);
constexpr int kPollsBetweenLooks = 256;  // while records wait: a look asks the clock

}  // namespace

FileStreamSource::FileStreamSource(LogDisk& disk, FileStreamOptions options, Clock& clock)
    : disk_(disk), options_(std::move(options)), clock_(clock) {}

FileStreamSource::~FileStreamSource() = default;

Error FileStreamSource::no_log() const {
  return {ErrorCode::not_found, "there is no log in " + options_.folder + " yet",
          "start the process that writes it"};
}

/// For a question, which may come before the first poll().
Status FileStreamSource::have_log() {
  if (!source_) WEIR_TRY(open_log());
  return source_ ? Status() : no_log();
}

/// A log that is not there is no error: `source_` stays none.
Status FileStreamSource::open_log() {
  auto opened = FileLogSource::open(disk_, options_.folder);
  if (!opened && opened.error().code == ErrorCode::not_found) {
    if (!std::exchange(said_waiting_, true)) {
      log_warn("waiting for the log", {{"reason", opened.error().text()}});
    }
    return {};
  }
  if (!opened) return opened.error();
  (*opened)->deal({});  // nothing, until the group has dealt
  source_ = *std::move(opened);
  if (said_waiting_) log_info("the log is there", {{"folder", options_.folder}});
  said_waiting_ = false;
  return {};
}

Status FileStreamSource::join_group() {
  beats_ = {};
  member_.reset();
  source_->deal({});
  auto joined =
      GroupMember::join(options_.group_folder, source_->partitions(), options_.group, clock_);
  if (!joined) return joined.error();
  member_ = *std::move(joined);
  beats_ = std::jthread([this](const std::stop_token& stop) {
    while (!sleep_until_stop(stop, options_.group.heartbeat_interval)) member_->beat();
  });
  return {};
}

/// Not while poll() has something to tell: what the last dealing took away counts as given up at the
/// next look.
Status FileStreamSource::follow_group() {
  if (source_->has_events() || polls_since_look_++ % kPollsBetweenLooks != 0) return {};
  if (!member_ || member_->partitions() != source_->partitions()) WEIR_TRY(join_group());
  if (auto dealing = member_->look()) {
    source_->deal(*std::move(dealing));
    polls_since_look_ = 0;  // as soon as it is told, the next look gives up what is gone
  }
  return {};
}

Result<Polled> FileStreamSource::poll(Micros timeout) {
  const Deadline deadline = Deadline::in(timeout);
  while (true) {
    if (!source_) WEIR_TRY(open_log());
    if (source_) {
      WEIR_TRY(follow_group());
      Result<Polled> polled =
          source_->poll(std::min(deadline.left(), options_.group.look_interval));
      const bool nothing = polled && polled->kind == Polled::Kind::nothing;
      if (nothing || !polled) polls_since_look_ = 0;  // there is time for a look
      if (!nothing || deadline.passed()) return polled;
    } else {
      if (deadline.passed()) return Polled{};
      std::this_thread::sleep_for(std::min(deadline.left(), kLookForLogEvery));
    }
  }
}

Status FileStreamSource::start(PartitionId partition, Offset from) {
  return source_ ? source_->start(partition, from) : no_log();
}

Status FileStreamSource::pause(std::span<const PartitionId> partitions) {
  return source_ ? source_->pause(partitions) : Status();
}

Status FileStreamSource::resume(std::span<const PartitionId> partitions) {
  return source_ ? source_->resume(partitions) : Status();
}

Result<Offset> FileStreamSource::position(PartitionId partition) {
  if (!source_) return no_log();
  return source_->position(partition);
}

Result<LogBounds> FileStreamSource::bounds(PartitionId partition, Deadline deadline) {
  WEIR_TRY(have_log());
  return source_->bounds(partition, deadline);
}

Result<Offset> FileStreamSource::offset_at(PartitionId partition, AppendTime time,
                                           Deadline deadline) {
  WEIR_TRY(have_log());
  return source_->offset_at(partition, time, deadline);
}

Result<std::optional<Anchor>> FileStreamSource::anchor_at(PartitionId partition, Offset offset,
                                                          Deadline deadline) {
  WEIR_TRY(have_log());
  return source_->anchor_at(partition, offset, deadline);
}

Result<std::int32_t> FileStreamSource::partition_count(Deadline deadline) {
  WEIR_TRY(have_log());
  return source_->partition_count(deadline);
}

}  // namespace weir
