// Seals: W first, then the numbers, then everything up to them on the stream, then the seal.
#include "base/crash_point.h"
#include "base/log.h"
#include "ingest/codec/codec.h"
#include "ingest/producer/producer_state.h"

#include <mutex>

namespace weir {

std::vector<Offset> Producer::State::spool_ends() const {
  std::vector<Offset> ends;
  for (std::int32_t p = 0; p < log->partitions(); ++p)
    ends.push_back(log->bounds(PartitionId{p}).end);
  return ends;
}

/// With the last numbers of every earlier epoch: whoever reads one seal knows them all.
Seal Producer::State::seal_of(Seal::Kind kind, const std::vector<Offset>& ends) const {
  Seal seal;
  seal.producer = file->id;
  seal.kind = kind;
  seal.accepted_when = name_of(options.accepted_when);
  seal.epoch = file->present().epoch;
  if (kind == Seal::Kind::registration) return seal;
  for (const EpochFact& fact : file->epochs) {
    EpochNumbers& numbers = seal.numbers.emplace_back();
    numbers.epoch = fact.epoch;
    numbers.last = fact.last;
  }
  seal.numbers.back().last.clear();
  for (const Offset end : ends) seal.numbers.back().last.push_back(end.value);
  return seal;
}

Status Producer::State::send_everywhere(RecordSink& sink, const Seal& seal, std::int32_t partitions,
                                        Deadline deadline) {
  const std::string text = write_seal(seal);
  std::vector<OutRecord> records;
  for (std::int32_t p = 0; p < partitions; ++p) {
    records.push_back({PartitionId{p}, kSeal, text, {}});
  }
  Result<std::vector<Appended>> sent = sink.append(records, deadline);
  return sent ? Status{} : Status{sent.error()};
}

bool Producer::State::propose(WallTime until) {
  const std::lock_guard held(mutex);
  if (proposed || !log || told.ending) return false;
  proposed = ProposedSeal{until, spool_ends()};
  return true;
}

Result<bool> Producer::State::send_proposed(Deadline deadline) {
  WEIR_TRY(begin(deadline));
  if (!to_send) {
    const std::lock_guard held(mutex);
    to_send = proposed;
  }
  if (!to_send || !forwarder->passed(to_send->ends)) return false;
  Seal seal = seal_of(Seal::Kind::sealed, to_send->ends);
  seal.until_us = to_send->until.value;
  WEIR_CRASH_POINT("collector.before_seal");
  WEIR_TRY(send_everywhere(stream, seal, file->present().partitions, deadline));
  WEIR_CRASH_POINT("collector.after_seal");
  const std::lock_guard held(mutex);
  told.sealed_until = to_send->until;
  to_send.reset();
  proposed.reset();
  return true;
}

Result<bool> Producer::seal(Deadline deadline) {
  const std::lock_guard turn(state_->steps);
  WEIR_TRY(state_->begin(deadline));
  state_->propose(state_->clock.now());
  return state_->send_proposed(deadline);
}

bool Producer::propose_seal(WallTime until) { return state_->propose(until); }

Result<bool> Producer::send_proposed_seal(Deadline deadline) {
  const std::lock_guard turn(state_->steps);
  return state_->send_proposed(deadline);
}

Status Producer::end(Deadline deadline) {
  const std::lock_guard turn(state_->steps);
  return state_->end(deadline);
}

Status Producer::State::end(Deadline deadline) {
  WEIR_TRY(begin(deadline));
  if (file->end == ProducerFile::End::done) return {};
  {
    const std::unique_lock alone(appending);  // whoever appends has appended
    const std::lock_guard held(mutex);
    told.ending = true;
    proposed.reset();
  }
  to_send.reset();
  // Remembered before it is said: after END a restart must not accept anything more.
  file->end = ProducerFile::End::begun;
  WEIR_TRY(write_producer_file(disk, options.folder, *file));
  WEIR_TRY(drain_to(stream, deadline));
  WEIR_TRY(forwarder->save_cursor());
  WEIR_CRASH_POINT("collector.before_seal");
  WEIR_TRY(send_everywhere(stream, seal_of(Seal::Kind::end, spool_ends()),
                           file->present().partitions, deadline));
  WEIR_CRASH_POINT("collector.after_seal");
  file->end = ProducerFile::End::done;
  WEIR_TRY(write_producer_file(disk, options.folder, *file));
  log_info("producer has ended", {{"producer", file->id}});
  const std::lock_guard held(mutex);
  told.ended = true;
  return {};
}

}  // namespace weir
