// The thread: forwards as soon as there is something, seals by its interval, backs off while the
// stream is away, and says so once.
#include "base/backoff.h"
#include "base/log.h"
#include "ingest/producer/producer_state.h"

namespace weir {
namespace {

constexpr Micros kWhenIdle = std::chrono::milliseconds(200);  // at most: append() wakes it

/// What goes wrong again and again is logged when it changes.
class SayOnce {
 public:
  void trouble(const std::string& text) {
    if (text != last_) log_warn("not forwarding at present; trying again", {{"error", text}});
    last_ = text;
  }
  void fine() {
    if (!last_.empty()) log_info("forwarding again");
    last_.clear();
  }

 private:
  std::string last_;
};

}  // namespace

/// True: there was something to forward.
Result<bool> Producer::State::run_once(Deadline deadline) {
  const std::lock_guard turn(steps);
  const Result<bool> busy = forward(deadline);
  if (!busy) return busy;
  if (file->end != ProducerFile::End::none) {
    WEIR_TRY(end(deadline));
    return false;
  }
  const Result<bool> sealed = send_proposed(deadline);
  if (!sealed) return sealed;
  return busy;
}

/// The last forwarding and the last seal. What cannot be sent in time stays in the spool.
void Producer::State::finish(Deadline deadline) {
  const std::lock_guard turn(steps);
  if (!open_for_records) return;
  Result<bool> busy = true;
  while (busy && *busy && !deadline.passed()) busy = forward(deadline);
  // One that was proposed before the last forwarding, then one of this moment.
  Result<bool> sealed = busy ? send_proposed(deadline) : busy;
  if (sealed && options.accepted_when != AcceptedWhen::input && propose(clock.now())) {
    sealed = send_proposed(deadline);
  }
  const Status saved = forwarder->save_cursor();
  if (!sealed)
    log_warn("stopping with unsent events in the spool; the next start sends them",
             {{"error", sealed.error().text()}});
  if (!saved) log_warn("the cursor was not saved", {{"error", saved.error().text()}});
}

void Producer::run(const std::stop_token& stop) {
  State& s = *state_;
  Backoff backoff(1, std::chrono::milliseconds(50), std::chrono::seconds(2));
  SayOnce say;
  const bool takes_own = s.options.accepted_when != AcceptedWhen::input;
  auto next_seal = s.clock.steady_now();
  while (!stop.stop_requested()) {
    bool asked = false;
    {
      const std::lock_guard held(s.mutex);
      asked = std::exchange(s.seal_asked, false);
    }
    if (takes_own && (asked || s.clock.steady_now() >= next_seal)) {
      if (s.propose(s.clock.now())) next_seal = s.clock.steady_now() + s.options.seal_interval;
    }
    const Result<bool> busy = s.run_once(Deadline::in(s.options.call_timeout));
    s.publish();
    Micros pause = kWhenIdle;
    if (busy) {
      say.fine();
      backoff.reset();
      if (*busy) continue;
    } else {
      say.trouble(busy.error().text());
      pause = backoff.next();
    }
    std::unique_lock held(s.mutex);
    if (busy) {
      s.changed.wait_for(held, stop, pause, [&] { return s.woken; });
      s.woken = false;
    } else {
      s.changed.wait_for(held, stop, pause, [] { return false; });
    }
  }
  s.finish(Deadline::in(s.options.stop_timeout));
  s.publish();
}

void Producer::ask_for_seal() {
  {
    const std::lock_guard held(state_->mutex);
    state_->seal_asked = state_->woken = true;
  }
  state_->changed.notify_all();
}

void Producer::State::publish() {
  const std::lock_guard turn(steps);
  if (!forwarder) return;
  const std::vector<Offset> ends = spool_ends();
  ProducerStanding now;
  {
    const std::lock_guard held(mutex);
    now = told;
  }
  metrics.gauge("weir_ingest_spool_bytes", "bytes of the spool on its volume").set(log->bytes());
  metrics.gauge("weir_ingest_spool_bytes_max", "beyond this nothing is accepted")
      .set(options.spool_bytes_max);
  std::int64_t waiting = 0;
  for (std::size_t p = 0; p < ends.size(); ++p) {
    const Labels labels = {{"partition", std::to_string(p)}};
    metrics.gauge("weir_ingest_number", "last number given in the partition", labels)
        .set(ends[p].value);
    metrics.gauge("weir_ingest_number_forwarded", "last number that the stream has", labels)
        .set(now.forwarded[p]);
    waiting += ends[p].value - now.forwarded[p];
  }
  metrics.gauge("weir_ingest_spool_records_waiting", "records that the stream has not yet")
      .set(waiting);
  const std::int64_t oldest = oldest_waiting_us;
  const std::int64_t age = oldest == 0 ? 0 : clock.now() - WallTime{oldest};
  metrics.gauge("weir_ingest_spool_oldest_seconds", "age of the oldest record that waits")
      .set(age / kMicrosPerSecond);
  metrics
      .gauge("weir_ingest_sealed_until_seconds",
             "W of the last seal that the stream has, in seconds since 1970")
      .set(now.sealed_until ? now.sealed_until->value / kMicrosPerSecond : 0);
}

}  // namespace weir
