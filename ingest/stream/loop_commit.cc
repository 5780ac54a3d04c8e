// What becomes of the loop's batch: when it is due, and what follows its commit.
#include "base/log.h"
#include "ingest/stream/loop_state.h"

namespace weir {
namespace {

/// Of a seal: its volume may be full or not writable now. Anything else is the index's own damage.
bool may_pass(const Error& error) { return is_transient(error) || error.code == ErrorCode::denied; }

}  // namespace

void ConsumerLoop::State::join(PartitionReader& reader) {
  filling.join(reader);
  started_filling();
}

void ConsumerLoop::State::started_filling() {
  if (!filling_since) filling_since = now;
}

bool ConsumerLoop::State::commit_due() {
  if (filling.empty()) return false;
  if (commit_retry.waiting()) return commit_retry.due(now);
  return filling.full() || now - *filling_since >= options.commit_interval;
}

/// The batch is in: positions move, generations that it named count, dropped ones go.
void ConsumerLoop::State::release(const CommitBatch& batch) {
  const std::vector<PartitionReader*> members = filling.members();
  for (std::size_t i = 0; i < members.size(); ++i) {
    PartitionReader& reader = *members[i];
    const Range& range = batch.ranges[i];
    reader.next = range.to;
    reader.gap.reset();
    if (range.caught_up_at) reader.observed.reset();
    source.publish_position(reader.partition, reader.next);
    Status kept;
    for (const Generation& generation : reader.sealed) {
      if (kept) kept = reader.index->named(generation);
    }
    if (kept && !reader.expired.empty()) {
      kept = reader.index->forgotten(reader.expired);
    }
    reader.sealed.clear();
    reader.expired.clear();
    if (!kept) wait_again(reader, "identity index: " + kept.error().text());
  }
  filling.clear();
  filling_since.reset();
  metrics.in_flight(0);
  if (any_waiting) list_live();
  for (PartitionReader* reader : members) {
    if (reader->stage == Stage::live) seal(*reader, reader->next);
  }
}

/// Seals the open generation when that is due; the next commit names it.
void ConsumerLoop::State::seal(PartitionReader& reader, Offset below) {
  if (!reader.sealed.empty()) return;
  if (reader.seal_retry.waiting() && !reader.seal_retry.due(now)) return;
  Result<std::optional<Generation>> sealed = reader.index->seal(below.value, false);
  if (!sealed && may_pass(sealed.error())) {
    reader.seal_failure = sealed.error().text();
    if (!reader.seal_retry.waiting()) {
      log_error("identity index cannot be sealed; it stays in memory, retrying",
                {{"partition", reader.partition.value}, {"error", reader.seal_failure}});
    }
    reader.seal_retry.failed(now);
    return;
  }
  if (!sealed) {
    log_warn("identity index cannot be sealed; loading the partition anew",
             {{"partition", reader.partition.value}, {"error", sealed.error().text()}});
    reload({&reader.partition, 1}, "identity index: " + sealed.error().text());
    load_retry.failed(now);
    return;
  }
  reader.seal_retry.succeeded();
  if (reader.expired.empty()) reader.expired = reader.index->expirable();
  if (!*sealed) return;
  reader.sealed.push_back(**sealed);
  join(reader);
}

/// Seals that failed are tried again, and nothing is read while an index is at its hard bound.
void ConsumerLoop::State::seal_again() {
  bool full = false;
  for (const auto& reader : readers) {
    if (!reader || !reader->seal_retry.waiting()) continue;
    if (reader->stage == Stage::live) seal(*reader, reader->next);
    if (reader->stage == Stage::indexing) seal(*reader, reader->read_to);
    full = full || (reader->seal_retry.waiting() && reader->index && reader->index->at_bound());
  }
  if (full || index_full) hold_reading(full);
}

/// Polling goes on, so that the membership lives. A commit that is tried again pauses too, and its
/// success resumes: so this is said anew in each step.
void ConsumerLoop::State::hold_reading(bool full) {
  Status held;
  if (full) {
    held = pauser.pause(being_read());
  } else if (!commit_retry.waiting()) {
    held = pauser.resume();
  }
  if (!held) log_warn("pause or resume failed", {{"error", held.error().text()}});
  if (full == index_full) return;
  index_full = full;
  list_live();
}

/// Somebody else moved a position: everything of these partitions is forgotten (R3, R5).
void ConsumerLoop::State::conflicted() {
  metrics.conflict();
  log_warn("commit refused: somebody else moved the position; loading anew",
           {{"partitions", filling.members().size()}});
  drop_batch("somebody else moved the position");
}

Status ConsumerLoop::State::commit_failed(const Error& error) {
  if (!is_transient(error) || error.code == ErrorCode::not_found) return error;
  metrics.commit_failed();
  log_warn("commit failed; the same batch again", {{"error", error.text()}});
  commit_retry.failed(clock.steady_now());
  return pauser.pause(being_read());
}

void ConsumerLoop::State::drop_batch(const std::string& why) {
  for (PartitionReader* member : filling.members()) wait_again(*member, why);
  filling.clear();
  filling_since.reset();
  commit_retry.succeeded();
  metrics.in_flight(0);
  if (const Status resumed = pauser.resume(); !resumed) {
    log_warn("resume failed", {{"error", resumed.error().text()}});
  }
  list_live();
}

}  // namespace weir
