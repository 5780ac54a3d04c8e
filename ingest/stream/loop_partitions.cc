// What the loop does with partitions: load, read, lose and find again.
#include "base/log.h"
#include "ingest/stream/loop_state.h"

#include <algorithm>

namespace weir {

bool is_transient(const Error& error) {
  switch (error.code) {
    case ErrorCode::unavailable:
    case ErrorCode::in_doubt:
    case ErrorCode::full:
    case ErrorCode::not_found:  // the topic is not made yet
    case ErrorCode::conflict:   // a partition was taken away while it was loaded
      return true;
    default:
      return false;
  }
}

ConsumerLoop::State::State(Source& source_in, Handler& handler_in, const IdentityKey& key,
                           LoopOptions options_in, Clock& clock_in, Metrics& metrics_in)
    : source(source_in),
      handler(handler_in),
      options(std::move(options_in)),
      clock(clock_in),
      metrics(metrics_in),
      loader(source, handler, options),
      feeder(key),
      filling(key, handler.sections(), options),
      observer(source, options, clock),
      pauser(source),
      load_retry(1),
      commit_retry(2) {}

Status ConsumerLoop::State::load_waiting() {
  // A batch that is retried stays as it is; an index at its bound lets no other one grow.
  if (!any_waiting || commit_retry.waiting() || index_full) return {};
  if (load_retry.waiting() && !load_retry.due(now)) return {};
  std::vector<PartitionReader*> waiting;
  for (const auto& reader : readers) {
    if (reader && reader->stage == Stage::waiting) waiting.push_back(reader.get());
  }
  const Status loaded = loader.load(waiting);
  for (PartitionReader* reader : waiting) {
    if (reader->stage == Stage::live) become_live(*reader);
  }
  list_live();
  if (loaded) {
    any_waiting = false;
    load_retry.succeeded();
    return {};
  }
  if (!is_transient(loaded.error())) return loaded.error();
  if (!load_retry.waiting()) {
    log_warn("partitions cannot be loaded; retrying", {{"error", loaded.error().text()}});
  }
  load_retry.failed(now);
  return {};
}

/// Not longer than the batch in hand may wait.
Result<Polled> ConsumerLoop::State::poll(Micros timeout) {
  if (filling_since) {
    const auto age = std::chrono::duration_cast<Micros>(now - *filling_since);
    timeout = std::clamp(options.commit_interval - age, Micros{0}, timeout);
  }
  constexpr Micros kRetryTick = std::chrono::milliseconds(10);
  if (commit_retry.waiting() || load_retry.waiting()) timeout = std::max(timeout, kRetryTick);
  Result<Polled> polled = source.poll(timeout);
  if (polled) {
    source_failing = false;
    source_backoff.reset();
  }
  return polled;
}

void ConsumerLoop::State::source_failed(const Error& error) {
  if (!source_failing) log_warn("reading fails; retrying", {{"error", error.text()}});
  source_failing = true;
}

void ConsumerLoop::State::assign(std::span<const PartitionId> partitions) {
  for (const PartitionId partition : partitions) {
    if (reader_of(partition) != nullptr) revoke({&partition, 1});
    const auto place = static_cast<std::size_t>(partition.value);
    if (place >= readers.size()) readers.resize(place + 1);
    readers[place] = std::make_unique<PartitionReader>(partition);
  }
  pauser.forget();
  any_waiting = true;
  load_retry.succeeded();
  list_live();
}

void ConsumerLoop::State::revoke(std::span<const PartitionId> partitions) {
  const bool in_batch = std::any_of(
      filling.members().begin(), filling.members().end(), [&](const PartitionReader* member) {
        return std::find(partitions.begin(), partitions.end(), member->partition) !=
               partitions.end();
      });
  if (in_batch) drop_batch("partitions were revoked");
  for (const PartitionId partition : partitions) {
    if (reader_of(partition) == nullptr) continue;
    readers[static_cast<std::size_t>(partition.value)].reset();
    log_info("partition revoked", {{"partition", partition.value}});
  }
  list_live();
}

void ConsumerLoop::State::reload(std::span<const PartitionId> partitions, const std::string& why) {
  drop_batch("a partition is loaded anew");
  for (const PartitionId partition : partitions) {
    if (PartitionReader* reader = reader_of(partition)) wait_again(*reader, why);
  }
  list_live();
}

void ConsumerLoop::State::take(const StreamRecord& record) {
  PartitionReader* reader = reader_of(record.partition);
  if (reader == nullptr || record.offset < reader->read_to) return;
  if (reader->stage == Stage::indexing && record.offset >= reader->next) become_live(*reader);
  Status taken;
  if (reader->stage == Stage::indexing) {
    taken = feeder.feed(*reader, record);
    if (taken) seal(*reader, reader->read_to);
    const bool whole = reader->stage == Stage::indexing && reader->read_to >= reader->next;
    if (taken && whole) become_live(*reader);
  } else if (reader->stage == Stage::live) {
    taken = filling.add(*reader, record, loader.partition_count());
    started_filling();
  }
  if (taken) return;
  const PartitionId partition = reader->partition;
  log_warn("identity index fails; loading the partition anew",
           {{"partition", partition.value}, {"error", taken.error().text()}});
  reload({&partition, 1}, "identity index: " + taken.error().text());
  load_retry.failed(now);
}

void ConsumerLoop::State::follow_positions() {
  for (const auto& reader : readers) {
    if (!reader || (reader->stage != Stage::live && reader->stage != Stage::indexing)) continue;
    Result<Offset> position = source.position(reader->partition);
    if (!position || *position <= reader->read_to) continue;
    if (reader->stage == Stage::indexing) {
      reader->read_to = std::min(*position, reader->next);
      reader->index->advance_to(reader->read_to.value, std::nullopt);
      if (reader->read_to < reader->next) continue;
      become_live(*reader);
    }
    if (*position <= reader->read_to) continue;
    filling.pass(*reader, *position);
    started_filling();
  }
}

void ConsumerLoop::State::observe() {
  if (commit_retry.waiting()) return;
  PartitionReader* reader = observer.observe(live, now);
  if (reader == nullptr) return;
  metrics.observed(*reader);
  if (reader->observed && reader->observed->end <= reader->read_to) join(*reader);
}

PartitionReader* ConsumerLoop::State::reader_of(PartitionId partition) {
  const auto place = static_cast<std::size_t>(partition.value);
  return place < readers.size() ? readers[place].get() : nullptr;
}

void ConsumerLoop::State::become_live(PartitionReader& reader) {
  reader.index->advance_to(std::max(reader.next, reader.read_to).value, std::nullopt);
  reader.read_to = std::max(reader.read_to, reader.next);
  reader.stage = Stage::live;
  reader.quarantined.clear();
  if (reader.gap) join(reader);
  list_live();
}

void ConsumerLoop::State::wait_again(PartitionReader& reader, const std::string& why) {
  reader.stage = Stage::waiting;
  reader.why_not_live = why;
  reader.index.reset();
  reader.gap.reset();
  reader.sealed.clear();
  reader.expired.clear();
  reader.seal_retry.succeeded();
  reader.observed.reset();
  any_waiting = true;
}

std::vector<PartitionId> ConsumerLoop::State::being_read() const {
  std::vector<PartitionId> partitions;
  for (const auto& reader : readers) {
    if (reader && (reader->stage == Stage::live || reader->stage == Stage::indexing)) {
      partitions.push_back(reader->partition);
    }
  }
  return partitions;
}

/// After every change of a stage.
void ConsumerLoop::State::list_live() {
  live.clear();
  std::vector<std::string> reasons;
  for (const auto& reader : readers) {
    if (!reader) continue;
    if (reader->stage == Stage::live) {
      live.push_back(reader.get());
    }
    if (index_full && reader->seal_retry.waiting()) {
      reasons.push_back("partition " + std::to_string(reader->partition.value) +
                        ": identity index cannot be sealed: " + reader->seal_failure);
    } else if (reader->stage != Stage::live) {
      reasons.push_back("partition " + std::to_string(reader->partition.value) + ": " +
                        reader->why_not_live);
    }
  }
  std::lock_guard lock(readiness_mutex);
  readiness = std::move(reasons);
}

}  // namespace weir
