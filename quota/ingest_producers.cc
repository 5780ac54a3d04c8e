#include "quota/ingest_producers.h"

#include <algorithm>
#include <map>
#include <set>

namespace weir {
namespace {

std::string_view state_of(const CommitBatch& batch, const RedriveRecord& record) {
  if (!record.row) return "quarantined";
  switch (batch.verdict[*record.row]) {
    case Verdict::fresh:
      return "redriven";
    case Verdict::duplicate:
      return "duplicate";
    case Verdict::unprovable:
      return "unprovable";
    case Verdict::dropped:
      return "dropped";
  }
  return "dropped";
}

/// With the row at which its quarantine row stands, or will.
DroppedRedrive dropped_of(const CommitBatch& batch, const RedriveRecord& record) {
  DroppedRedrive out{record.child, record.partition, record.offset, record.append_time, {}};
  if (record.row) {
    out.row = batch.address[*record.row].row;
    return out;
  }
  const auto entry = std::ranges::find_if(batch.quarantined, [&](const Quarantined& q) {
    return q.partition == record.partition && q.offset == record.offset;
  });
  WEIR_CHECK(entry != batch.quarantined.end());
  if (!entry->whole) out.row = entry->row;
  return out;
}

Status flag_after_end(IngestTransaction& tx, Incarnation incarnation, const std::string& producer,
                      const std::string& what) {
  WEIR_TRY(tx.revive_producer(producer));
  return tx.add_flag(incarnation, std::nullopt, "after_end",
                     "producer " + producer + " had ended; then came " + what);
}

Status take_producer(IngestTransaction& tx, Incarnation incarnation, const ProducerNews& news,
                     std::int64_t closed_until_us, std::vector<EpochNumbers>& finals) {
  Result<ProducerState> stands = tx.register_producer(news.registration, news.first_append);
  if (!stands) return std::move(stands).error();
  const std::string& producer = stands->producer;
  finals = merge_numbers(stands->finals, news.finals);
  if (finals != stands->finals) WEIR_TRY(tx.keep_finals(producer, finals));

  if (stands->end && overtakes(news, *stands->end)) {
    WEIR_TRY(flag_after_end(tx, incarnation, producer, "a seal that goes beyond its end"));
    stands->end.reset();
  }
  if (stands->end) return Status();  // late copies of what it said before
  for (const KeptSeal& kept : news.kept) {
    Seal seal = kept.seal;
    seal.numbers = merge_numbers(finals, seal.numbers);
    WEIR_TRY(tx.add_seal(seal, kept.append_time, kept.edge_us, closed_until_us));
  }
  if (!news.end || news.end->seal.epoch < stands->epoch) return Status();
  Seal end = news.end->seal;
  end.numbers = merge_numbers(finals, end.numbers);
  Result<bool> ended = tx.end_producer(end, news.end->append_time);
  if (!ended) return std::move(ended).error();
  if (*ended) return Status();
  return flag_after_end(tx, incarnation, producer, "numbers above it, before it was read");
}

/// Of epochs before the seal's own; a registration, which names no numbers, says nothing of them.
void add_finals(Seal& seal, std::vector<EpochNumbers> finals) {
  if (seal.kind == Seal::Kind::registration) return;
  std::erase_if(finals, [&](const EpochNumbers& entry) { return entry.epoch >= seal.epoch; });
  seal.numbers = merge_numbers(finals, seal.numbers);
}

/// The transaction of the first number above an END raises the flag; then there is no END any more.
Status flag_overtaken(IngestTransaction& tx, Incarnation incarnation, const ProducerEnd& end,
                      std::span<const NumberGroup> groups) {
  for (const NumberGroup& group : groups) {
    const NumberQuestion& of = group.question;
    if (of.producer != end.producer) continue;
    if (!is_above(end.numbers, of.epoch, of.partition, group.greatest)) continue;
    return flag_after_end(tx, incarnation, end.producer,
                          "number " + std::to_string(group.greatest) + " of epoch " +
                              std::to_string(of.epoch) + " in partition " +
                              std::to_string(of.partition.value));
  }
  return Status();
}

}  // namespace

Result<bool> decide_redrives(IngestTransaction& tx, const CommitBatch& batch, Findings& findings) {
  std::vector<RedriveDecision> decisions;
  std::vector<const RedriveRecord*> deciding, others;
  std::set<std::int64_t> children;
  std::vector<DroppedRedrive> dropped;
  for (const RedriveRecord& record : batch.redriven) {
    const std::string_view state = state_of(batch, record);
    if (state == "dropped") {
      dropped.push_back(dropped_of(batch, record));
    } else if (children.insert(record.child).second) {
      decisions.push_back({record.child, state, record.partition, record.offset});
      deciding.push_back(&record);
    } else {
      others.push_back(&record);  // the batch's first one decides the child
    }
  }
  if (!decisions.empty()) {
    Result<std::vector<std::int64_t>> open = tx.close_redrives(batch.incarnation, decisions);
    if (!open) return std::move(open).error();
    const std::set<std::int64_t> were_open(open->begin(), open->end());
    for (const RedriveRecord* record : deciding) {
      if (!were_open.contains(record->child)) others.push_back(record);
    }
  }
  for (const RedriveRecord* record : others) {
    const std::string_view state = state_of(batch, *record);
    if (state == "quarantined") dropped.push_back(dropped_of(batch, *record));
    if (state == "redriven" || state == "unprovable") findings.to_drop.push_back(*record->row);
  }
  if (!findings.to_drop.empty()) return false;
  findings.dropped = std::move(dropped);
  return true;
}

Result<std::vector<SealRecord>> take_seals(IngestTransaction& tx, const CommitBatch& batch,
                                           const SealRules& rules, std::int64_t closed_until_us,
                                           Findings& findings) {
  const GatheredSeals gathered = gather_seals(batch.seals, rules);
  findings.seals_ahead = static_cast<std::int64_t>(gathered.ahead_of_time.size());
  if (findings.seals_ahead > 0) {
    findings.seal_ahead_of = gathered.ahead_of_time.front()->seal.producer;
  }
  std::map<std::string, std::vector<EpochNumbers>> finals;
  for (const ProducerNews& news : gathered.producers) {
    std::vector<EpochNumbers>& of = finals[news.registration.producer];
    WEIR_TRY(take_producer(tx, batch.incarnation, news, closed_until_us, of));
  }
  std::vector<SealRecord> seals(batch.seals.begin(), batch.seals.end());
  for (SealRecord& record : seals) add_finals(record.seal, finals[record.seal.producer]);
  return seals;
}

Status take_numbers(IngestTransaction& tx, const CommitBatch& batch,
                    std::span<const SealRecord> seals) {
  const std::vector<NumberGroup> groups = group_numbers(batch.ranges, seals);
  if (groups.empty()) return Status();
  std::vector<NumberQuestion> questions;
  std::vector<std::string> producers;  // ascending, as the groups are
  for (const NumberGroup& group : groups) {
    questions.push_back(group.question);
    if (producers.empty() || producers.back() != group.question.producer) {
      producers.emplace_back(group.question.producer);
    }
  }
  Result<std::vector<NumberState>> states = tx.read_numbers(questions);
  if (!states) return std::move(states).error();
  WEIR_CHECK(states->size() == groups.size());
  std::vector<NumberChange> changes;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    NumberChange change =
        apply_numbers((*states)[i], batch.incarnation, groups[i].came, groups[i].sealed);
    if (!change.none) changes.push_back(std::move(change));
  }
  if (!changes.empty()) WEIR_TRY(tx.write_numbers(batch.incarnation, changes));

  Result<std::vector<ProducerEnd>> ends = tx.read_ends(producers);
  if (!ends) return std::move(ends).error();
  for (const ProducerEnd& end : *ends) {
    WEIR_TRY(flag_overtaken(tx, batch.incarnation, end, groups));
  }
  return Status();
}

}  // namespace weir
