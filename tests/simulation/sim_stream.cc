#include "tests/simulation/sim_stream.h"

#include <algorithm>

namespace weir::simulation {
namespace {

constexpr std::int64_t kSecondUs = kMicrosPerSecond;

Error away_error() { return {ErrorCode::unavailable, "broker: connection refused", ""}; }

}  // namespace

SimStream::SimStream(Engine& engine, Process& broker, Truth& truth, Struck& struck,
                     std::int32_t partitions)
    : engine_(engine),
      clock_(engine, broker),
      truth_(truth),
      struck_(struck),
      log_(partitions, clock_),
      sink_(log_.sink()) {}

std::vector<Appended> SimStream::land(std::span<const OutRecord> records) {
  auto places = sink_->append(records, Deadline::in(Micros(0)));
  WEIR_CHECK(places.ok());
  for (std::size_t i = 0; i < records.size(); ++i) {
    truth_.appended(records[i].partition.value, (*places)[i].offset.value, records[i].value,
                    engine_.true_us());
  }
  changed();
  return *std::move(places);
}

Offset SimStream::put(PartitionId partition, std::string_view content_type, std::string_view value,
                      std::string_view key) {
  const Offset offset = log_.put(partition, content_type, value, key);
  truth_.appended(partition.value, offset.value, value, engine_.true_us());
  changed();
  return offset;
}

void SimStream::retain_from(std::int32_t partition, std::int64_t start) {
  truth_.lost_below(partition, start, applied(partition));
  log_.retain_from(PartitionId{partition}, Offset{start});
  changed();
}

void SimStream::truncate(std::int32_t partition, std::int64_t end) {
  const std::int64_t next = applied(partition);
  truth_.lost_from(partition, end, next);
  if (end < next) broken.insert(partition);
  log_.truncate(PartitionId{partition}, Offset{end});
  changed();
}

void SimStream::recreate() {
  for (std::int32_t p = 0; p < log_.partitions(); ++p) {
    const std::int64_t next = applied(p);
    truth_.lost_from(p, 0, next);
    if (next > 0) broken.insert(p);
  }
  log_.recreate();
  changed();
}

void SimStream::add_partition() {
  log_.add_partitions(1);
  changed();
}

void SimStream::remove_partition() {
  truth_.lost_from(log_.partitions() - 1, 0, 0);
  log_.remove_partitions(1);
  changed();
}

SimSource::SimSource(SimStream& stream, Process&) : stream_(stream), inner_(stream.log().join()) {
  stream_.changed();
}

Status SimSource::ask(const char* where) {
  stream_.engine().step(where);
  if (!inner_) return Error{ErrorCode::conflict, "fenced: the group went on without us", ""};
  if (!stream_.away()) return {};
  strike(stream_.struck(), Fault::broker_unreachable);
  stream_.engine().sleep(Micros(kSecondUs));
  return away_error();
}

void SimSource::evict() {
  inner_.reset();
  stream_.changed();
}

/// Slow partitions are paused below the loop's own pauses.
void SimSource::apply_slowness() {
  for (const PartitionId partition : held_) {
    const bool slow = stream_.is_slow(partition);
    if (slow == slowed_.contains(partition.value)) continue;
    const std::vector<PartitionId> one = {partition};
    if (slow) {
      (void)inner_->pause(one);
      slowed_.insert(partition.value);
    } else {
      slowed_.erase(partition.value);
      if (!paused_.contains(partition.value)) (void)inner_->resume(one);
      strike(stream_.struck(), Fault::slow_partition);
    }
  }
}

Polled SimSource::note(Polled polled) {
  if (polled.kind == Polled::Kind::assigned) {
    held_.insert(held_.end(), polled.partitions.begin(), polled.partitions.end());
    for (const PartitionId partition : polled.partitions) {
      paused_.erase(partition.value);
      slowed_.erase(partition.value);
    }
  } else if (polled.kind == Polled::Kind::revoked) {
    for (const PartitionId partition : polled.partitions) std::erase(held_, partition);
  }
  return polled;
}

Result<Polled> SimSource::poll(Micros timeout) {
  Engine& engine = stream_.engine();
  engine.step("stream.poll");
  if (!inner_) {
    inner_ = stream_.log().join();
    stream_.changed();
    told_ = std::exchange(held_, {});
    if (!told_.empty()) {
      Polled lost;
      lost.kind = Polled::Kind::revoked;
      lost.partitions = told_;
      return lost;
    }
  }
  if (stream_.away()) {
    strike(stream_.struck(), Fault::broker_unreachable);
    engine.sleep(std::min<Micros>(timeout, Micros(5 * kSecondUs)));
    return away_error();
  }
  apply_slowness();
  Result<Polled> polled = inner_->poll(timeout);
  if (!polled || polled->kind != Polled::Kind::nothing || timeout.count() == 0) {
    return polled ? note(*polled) : polled;
  }
  const std::uint64_t version = stream_.version();
  const bool changed =
      engine.wait("stream.poll", timeout, [&] { return stream_.version() != version; });
  if (!changed || !inner_ || stream_.away()) return Polled{};
  apply_slowness();
  polled = inner_->poll(timeout);
  return polled ? note(*polled) : polled;
}

Status SimSource::start(PartitionId partition, Offset from) {
  if (!inner_) return Error{ErrorCode::conflict, "fenced", ""};
  return inner_->start(partition, from);
}
Status SimSource::pause(std::span<const PartitionId> partitions) {
  for (const PartitionId partition : partitions) paused_.insert(partition.value);
  if (!inner_) return {};
  return inner_->pause(partitions);
}
Status SimSource::resume(std::span<const PartitionId> partitions) {
  std::vector<PartitionId> quick;
  for (const PartitionId partition : partitions) {
    paused_.erase(partition.value);
    if (!slowed_.contains(partition.value)) quick.push_back(partition);
  }
  if (!inner_) return {};
  return inner_->resume(quick);
}
Result<Offset> SimSource::position(PartitionId partition) {
  if (!inner_) return Error{ErrorCode::conflict, "fenced", ""};
  return inner_->position(partition);
}
Result<LogBounds> SimSource::bounds(PartitionId partition, Deadline deadline) {
  WEIR_TRY(ask("stream.bounds"));
  return inner_->bounds(partition, deadline);
}
Result<Offset> SimSource::offset_at(PartitionId partition, AppendTime time, Deadline deadline) {
  WEIR_TRY(ask("stream.offset_at"));
  return inner_->offset_at(partition, time, deadline);
}
Result<std::optional<Anchor>> SimSource::anchor_at(PartitionId partition, Offset offset,
                                                   Deadline deadline) {
  WEIR_TRY(ask("stream.anchor_at"));
  return inner_->anchor_at(partition, offset, deadline);
}
Result<std::int32_t> SimSource::partition_count(Deadline deadline) {
  WEIR_TRY(ask("stream.partition_count"));
  return inner_->partition_count(deadline);
}

}  // namespace weir::simulation
