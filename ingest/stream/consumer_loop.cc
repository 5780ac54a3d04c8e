// The loop itself. What poll() tells is followed up in loop_partitions.cc, what becomes of a commit
// in loop_commit.cc; how a record becomes rows is in batch_filling.cc.
#include "ingest/stream/consumer_loop.h"

#include "base/process.h"
#include "ingest/stream/loop_state.h"

namespace weir {

Status ConsumerLoop::run(const std::stop_token& stop) {
  constexpr Micros kPollTimeout = std::chrono::milliseconds(100);
  while (!stop.stop_requested()) {
    WEIR_TRY(step(kPollTimeout));
    // One that fails at once would be asked without a pause.
    if (state_->source_failing) sleep_until_stop(stop, state_->source_backoff.next());
  }

  const Deadline deadline = Deadline::in(state_->options.commit_timeout);
  while (!state_->filling.empty() && !deadline.passed()) {
    WEIR_TRY(state_->commit_retry.waiting() ? step(kPollTimeout) : state_->commit());
  }
  return {};
}

Status ConsumerLoop::step(Micros poll_timeout) {
  State& s = *state_;
  s.now = s.clock.steady_now();
  WEIR_TRY(s.load_waiting());  // new or moved: position (R2), lineage (R1), index (R5)

  s.seal_again();
  Result<Polled> polled = s.poll(poll_timeout);
  if (!polled && !is_transient(polled.error())) return polled.error();
  if (!polled) {
    s.source_failed(polled.error());
  } else if (polled->kind == Polled::Kind::record) {
    s.take(polled->record);  // decode, quarantine, drop duplicates (R4): into the batch
  } else if (polled->kind == Polled::Kind::nothing) {
    s.follow_positions();  // past offsets that hold no record
  } else if (polled->kind == Polled::Kind::assigned) {
    s.assign(polled->partitions);
  } else if (polled->kind == Polled::Kind::revoked) {
    s.revoke(polled->partitions);
  } else if (polled->kind == Polled::Kind::unreadable) {
    s.reload(polled->partitions, "its position cannot be read");  // finds the gap, or the break
  }

  s.observe();  // up to which moment everything is applied
  if (!s.commit_due()) return {};
  return s.commit();
}

/// R3: one transaction, by the handler. Done: positions move. Refused: somebody else moved them, so
/// all is loaded anew. Failed: the same batch again later, and nothing is read until then. Done, but
/// rows were dropped that the index has entered: the index is read anew, by the recorded verdicts.
Status ConsumerLoop::State::commit() {
  const CommitBatch& batch = filling.finish();
  metrics.in_flight(filling.rows_in_flight());
  const auto began = clock.steady_now();
  Result<Committed> outcome = handler.commit(batch, Deadline::in(options.commit_timeout));
  if (!outcome) return commit_failed(outcome.error());
  commit_retry.succeeded();
  WEIR_TRY(pauser.resume());
  if (*outcome == Committed::conflict) {
    conflicted();
    return {};
  }
  metrics.committed(batch, std::chrono::duration_cast<Micros>(clock.steady_now() - began));
  std::vector<PartitionId> reloaded;
  if (*outcome == Committed::done_reload) {
    for (const Range& range : batch.ranges) reloaded.push_back(range.partition);
  }
  release(batch);
  if (!reloaded.empty()) reload(reloaded, "its index holds events that were dropped");
  return {};
}

ConsumerLoop::ConsumerLoop(Source& source, Handler& handler, const IdentityKey& key,
                           LoopOptions options, Clock& clock, Metrics& metrics)
    : state_(std::make_unique<State>(source, handler, key, std::move(options), clock, metrics)) {}
ConsumerLoop::~ConsumerLoop() = default;

std::vector<std::string> ConsumerLoop::not_ready() const {
  std::lock_guard lock(state_->readiness_mutex);
  return state_->readiness;
}

}  // namespace weir
