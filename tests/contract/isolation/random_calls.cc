#include "tests/contract/isolation/random_calls.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::int64_t kHour = 4 * kBucketUs;

/// Quota's own clock, which differs, orders them otherwise.
Result<std::vector<QuotaBlocker>> in_order(Result<std::vector<QuotaBlocker>> blockers) {
  if (blockers) {
    std::sort(blockers->begin(), blockers->end(), [](const auto& a, const auto& b) {
      return std::tie(a.kind, a.id) < std::tie(b.kind, b.id);
    });
  }
  return blockers;
}

Decision because() { return {"olga", "seen with the customer"}; }

}  // namespace

std::vector<std::string> RandomCalls::next() {
  lines_.clear();
  now_us_ += below(10 * kMicrosPerSecond);
  ledger_.set_clock(now_us_);
  const std::int64_t what = below(100);
  if (what < 45) {
    ingest_batch();
  } else if (what < 60) {
    close();
  } else if (what < 70) {
    charge();
  } else if (what < 75) {
    hold();
  } else if (what < 95) {
    operate();
  } else if (what < 97) {
    adopt();
  } else {
    record_barrier();
  }
  return lines_;
}

std::vector<std::int64_t> RandomCalls::some_ids() {
  std::vector<std::int64_t> ids;
  for (std::int64_t id = 1; id <= 12; ++id) {
    if (chance(30)) ids.push_back(id);
  }
  return ids;
}

void RandomCalls::ingest_batch() {
  auto tx = *ledger_.quota().begin(in_time());
  const int p = static_cast<int>(below(2));
  const PartitionId partition{p};
  const std::int64_t from = chance(90) ? next_[p] : next_[p] + 1;
  const std::int64_t to = from + below(20);
  tell("advance", tx->advance_progress(incarnation_, partition, Offset{from}, Offset{to}));
  const auto closed = tx->read_closed_until();
  tell("closed until", closed);
  tell("catalogue", tx->read_catalog_version());

  std::map<std::tuple<std::string, std::string, std::int64_t>, std::int64_t> sums;
  for (std::int64_t i = below(6); i > 0; --i) {
    sums[{subscription(), chance(70) ? "requests" : "tokens", kBucketUs * below(40)}] +=
        chance(2) ? INT64_MAX : below(30);
  }
  UsageDeltas usage, late;
  for (const auto& [key, units] : sums) {
    const auto& [of, meter, bucket] = key;
    (bucket >= *closed ? usage : late).add("acme", of, meter, bucket, units < 0 ? 0 : units);
  }
  tell("add usage", tx->add_usage(incarnation_, usage));
  tell("add adjustments", tx->add_adjustments(incarnation_, late));
  if (chance(40)) ingest_troubles(*tx);
  if (chance(50)) ingest_numbers(*tx);
  if (chance(30)) ingest_redrives(*tx);

  Range range;
  range.partition = partition;
  range.from = Offset{from};
  range.to = Offset{to};
  if (chance(80)) range.anchor = Anchor{Offset{to - 1}, "d" + std::to_string(to), AppendTime{to}};
  if (chance(50)) range.newest_append = AppendTime{now_us_ - below(100)};
  if (chance(50)) range.caught_up_at = WallTime{now_us_};
  range.counts = {below(9), below(9), below(3), below(3), below(2), below(2), below(2)};
  range.horizon_from = AppendTime{below(100)};
  const std::vector<ProgressFacts> facts{{&range, below(3), below(3)}};
  tell("record progress", tx->record_progress(incarnation_, facts));
  if (range.anchor) tell("keep anchor", tx->keep_anchor(incarnation_, partition, *range.anchor));
  if (chance(20)) return;  // rolls back
  const Status done = tx->commit();
  tell("commit", done);
  if (done && from == next_[p]) next_[p] = to;
}

void RandomCalls::ingest_troubles(IngestTransaction& tx) {
  const PartitionId partition{static_cast<std::int32_t>(below(2))};
  Quarantined bad;
  bad.partition = partition;
  bad.offset = Offset{below(6)};
  bad.row = static_cast<std::uint32_t>(below(2));
  bad.whole = chance(30);
  bad.reason = "malformed";
  bad.detail = std::string("\xff\0x", 3);
  bad.raw = "{oops";
  tell("quarantine record", tx.add_quarantine_records(incarnation_, std::vector{bad}));
  tell("quarantine", tx.add_quarantine(incarnation_, std::vector{bad}));
  const std::int64_t at = below(5);
  const std::vector<Gap> gaps{{partition, Offset{at}, Offset{at + 1 + below(3)}, "retention"}};
  if (chance(50)) tell("gap", tx.add_gaps(incarnation_, gaps));
  if (chance(50)) {
    std::optional<PartitionId> where;
    if (chance(50)) where = partition;
    const std::string what = "flag " + std::to_string(below(3));
    tell("flag", tx.add_flag(incarnation_, where, chance(50) ? "lineage" : "overflow", what));
  }
  Unprovable old;
  old.partition = partition;
  old.address = {incarnation_, Offset{below(9)}, 1};
  old.identity = {static_cast<std::uint64_t>(below(4)), 7};
  old.tenant = "acme";
  old.subscription = "sub-1";
  old.source = "gw-1";
  old.meters = {"requests", "tokens"};
  old.units = {1, below(50)};
  if (chance(50)) tell("unprovable", tx.add_unprovable(std::vector{old}));
  Generation file;
  file.incarnation = incarnation_.value;
  file.partition = partition.value;
  file.from_offset = below(3);
  file.to_offset = 3 + below(2);
  file.digest = "g";
  file.volume_id = chance(50) ? "v1" : "v2";
  if (chance(60)) tell("name", tx.name_generations(std::vector{file}));
  if (chance(30)) tell("forget", tx.forget_generations(std::vector{file}));
}

void RandomCalls::ingest_numbers(IngestTransaction& tx) {
  Seal seal;
  seal.producer = "gw-" + std::to_string(below(3));
  seal.accepted_when = chance(50) ? "spool" : "broker";
  seal.epoch = 1 + below(2);
  seal.until_us = kBucketUs * below(20);
  seal.numbers = {{seal.epoch, {below(30), below(30)}}};
  const AppendTime append{below(1000)};
  const PartitionId partition{static_cast<std::int32_t>(below(2))};
  const std::int64_t least = 1 + below(10);
  const std::vector<NumberQuestion> questions{{partition, seal.producer, seal.epoch, least}};
  const auto states = tx.read_numbers(questions);
  tell("numbers", states);
  if (states) {
    NumberState known = states->front();
    // Holes below `least` are not told: numbers below it are not written.
    const std::int64_t from = least + below(40), to = from + below(4);
    const NumbersCame came{from, to, Offset{below(90)}, Offset{90 + below(90)}};
    const NumberChange change = apply_numbers(known, incarnation_, {&came, 1});
    if (!change.none) tell("write numbers", tx.write_numbers(incarnation_, std::vector{change}));
  }
  tell("register", tx.register_producer(seal, append));
  if (chance(50)) tell("seal", tx.add_seal(seal, append, seal.until_us - kBucketUs, closed_us_));
  if (chance(30)) tell("finals", tx.keep_finals(seal.producer, seal.numbers));
  if (chance(30)) tell("end", tx.end_producer(seal, append));
  const std::vector<std::string> ids{"gw-0", "gw-1", "gw-2"};
  tell("ends", tx.read_ends(ids));
  if (chance(20)) tell("revive", tx.revive_producer(seal.producer));
}

void RandomCalls::ingest_redrives(IngestTransaction& tx) {
  const std::int64_t child = 1 + below(8);
  const PartitionId partition{static_cast<std::int32_t>(below(2))};
  const std::vector<RedriveDecision> decided{
      {child, chance(50) ? "redriven" : "duplicate", partition, Offset{below(9)}}};
  tell("redrives", tx.close_redrives(incarnation_, decided));
  DroppedRedrive dropped{child, partition, Offset{below(9)}, AppendTime{3}, {}};
  if (chance(50)) dropped.row = 1;
  if (chance(50)) tell("dropped", tx.add_dropped(incarnation_, std::vector{dropped}));
}

void RandomCalls::close() {
  auto tx = *ledger_.closes().begin(in_time());
  const std::int64_t t_us = closed_us_ + kBucketUs * below(6) + (chance(5) ? 1 : 0);
  const auto advanced = tx->advance_closed_until(t_us);
  tell("advance closed until", advanced);
  const auto last = tx->last_close();
  tell("last close", last);
  tell("fence", tx->fence_progress());
  tell("clock", tx->clock_us());
  tell("deployment", tx->deployment());
  tell("progress", tx->progress(incarnation_.value));
  tell("blockers", in_order(tx->blockers()));
  tell("unprovable", tx->unprovable_count());
  tell("producers", tx->producers());
  const auto overrides = tx->overrides();
  lines_.push_back("overrides " + std::to_string(overrides->size()));
  tell("barriers", tx->barriers(incarnation_.value, t_us));
  if (!advanced || !*advanced) return;
  freeze_and_bill(*tx, {*last ? (*last)->id + 1 : 1, t_us, "digest " + std::to_string(t_us)},
                  *last);
}

void RandomCalls::freeze_and_bill(CloseTransaction& tx, CloseHead head,
                                  const std::optional<CloseHead>& last) {
  const auto stored = tx.lock_catalog();
  const Catalog catalog = *read_catalog_json((*stored)->canonical);
  FreezeInput input;
  input.catalog = &catalog;
  input.t_us = head.t_us;
  const std::int64_t since_us = last ? last->t_us : INT64_MIN;
  auto usage = tx.usage(since_us, head.t_us);
  if (usage) std::sort(usage->begin(), usage->end());  // it comes in no order
  const auto adjustments = tx.unassigned_adjustments();
  const auto unattributed = tx.open_unattributed();
  const auto spans = tx.invoiced_spans();
  tell("usage", usage);
  tell("adjustments", adjustments);
  tell("unattributed", unattributed);
  tell("spans", spans);
  if (!usage || !adjustments) return;
  input.usage = *usage;
  input.adjustments = *adjustments;
  input.unattributed = *unattributed;
  input.invoiced = *spans;
  const auto frozen = freeze(input);
  if (!frozen) return lines_.push_back("too much to freeze");
  tell("assign", tx.assign_adjustments(head.id, frozen->assigned));
  tell("add frozen", tx.add_frozen(head.id, (*stored)->version, *frozen));
  tell("unbilled", tx.count_unbilled(head.id, head.t_us));
  CloseRecord record;
  record.head = head;
  record.previous_t_us = since_us;
  record.predecessor = last ? last->digest : "";
  record.catalog_version = (*stored)->version;
  record.incarnation = incarnation_.value;
  record.certificate = "c";
  record.partitions = {{{incarnation_.value, 0, 5, 4, "a"}, chance(5) ? 6 : 5, 6}};
  tell("add close", tx.add_close(record));
  if (chance(20)) return;  // rolls back
  const Status done = tx.commit();
  tell("commit close", done);
  if (done) closed_us_ = head.t_us;
  const auto unbilled = ledger_.bills().unbilled_closes(in_time());
  tell("unbilled closes", unbilled);
  if (!unbilled || unbilled->empty() || chance(30)) return;
  {
    auto look = *ledger_.bills().begin(in_time());
    tell("claim", look->claim(unbilled->front().id));
    tell("billable", look->read_billable(unbilled->front().id));
    tell("number", look->next_number("acme"));
  }
  tell("bill", bill_close(ledger_.bills(), unbilled->front(), in_time()));
}

void RandomCalls::charge() {
  const auto open = ledger_.charges().open_charges(in_time());
  tell("open charges", open);
  if (!open || open->empty()) return;
  const OpenCharge& one =
      (*open)[static_cast<std::size_t>(below(static_cast<std::int64_t>(open->size())))];
  const ChargeState to[] = {ChargeState::sent, ChargeState::unknown, ChargeState::declined};
  const ChargeState from = chance(80) ? one.state : ChargeState::unknown;
  tell("move", ledger_.charges().move(one.order.key, from, to[below(3)], "so", in_time()));
  if (chance(50)) tell("settle", ledger_.charges().settle(one, "ref", in_time()));
}

void RandomCalls::hold() {
  std::vector<HeldPeriod> held;
  for (std::int64_t i = 1; i <= 3; ++i) {
    if (chance(40)) continue;
    HeldPeriod period;
    period.key = {"acme", "sub-" + std::to_string(i), kHour * below(2), kHour * 9};
    period.customer = i == 3 ? "bob" : "ann";
    period.reason = chance(50) ? "behind" : "gap";
    held.push_back(std::move(period));
  }
  tell("refresh held", ledger_.held().refresh(held, in_time()));
  tell("held", ledger_.held().open(in_time()));
}

void RandomCalls::operate() {
  auto tx = *ledger_.operators().begin(in_time());
  tell("hold", tx->hold_closed_until());
  if (chance(50)) {
    decide_events(*tx);
  } else {
    decide_stream(*tx);
  }
  tell("audit", tx->add_audit({"something", "{}", "7 requests"}, because()));
  if (chance(80)) tell("commit decision", tx->commit());
}

void RandomCalls::decide_events(OperatorTransaction& tx) {
  const std::vector<std::int64_t> ids = some_ids();
  const auto rows = tx.quarantine(ids);
  tell("quarantine rows", rows);
  tell("redrives of", tx.redrives(ids));
  if (chance(30)) tell("discard children", tx.discard_redrives(ids));
  if (chance(30)) tell("resolve", tx.resolve_quarantine(ids, "discarded", because()));
  if (rows && !rows->empty() && chance(50)) {
    const std::vector<NewRedrive> children{{PartitionId{0}, "{}"}, {PartitionId{1}, "{}"}};
    tell("split", tx.add_redrives(rows->front().id, children));
  }
  const auto old = tx.unprovable(ids);
  tell("unprovable rows", old);
  if (!old || chance(50)) return;
  tell("accept", tx.resolve_unprovable(ids, "accepted", because()));
  tell("their adjustments", tx.add_adjustments(*old));
}

void RandomCalls::decide_stream(OperatorTransaction& tx) {
  const std::vector<std::int64_t> ids = some_ids();
  tell("gaps", tx.gaps(ids));
  if (chance(50)) tell("accept gaps", tx.accept_gaps(ids, because()));
  tell("holes", tx.holes(ids));
  if (chance(30)) tell("accept holes", tx.accept_holes(ids, because()));
  tell("flags", tx.flags(ids));
  if (chance(50)) tell("clear flags", tx.clear_flags(ids, because()));
  tell("lineage flags", tx.lineage_flags(incarnation_));
  const std::string producer = "gw-" + std::to_string(below(4));
  tell("producer", tx.producer(producer));
  tell("its numbers", tx.numbers(producer));
  if (chance(20)) tell("retire", tx.end_producer(producer, {{1, {7, 7}}}, because()));
  decide_move(tx);
  const auto round = tx.holes_round(Incarnation{1}, PartitionId{0}, Offset{below(180)});
  lines_.push_back("holes round " + std::to_string(round ? round->size() : 0));
}

void RandomCalls::adopt() {
  auto tx = *ledger_.operators().begin(in_time());
  tell("hold", tx->hold_closed_until());
  const auto present = tx->incarnation();
  tell("incarnation", present);
  tell("end progress", tx->end_progress(present->first));
  NewIncarnation begun;
  begun.incarnation = Incarnation{present->first.value + 1};
  begun.topic = "weir.requests";
  begun.cluster_id = "c";
  begun.why = "truncated";
  for (const int p : {0, 1}) {
    IncarnationStart start;
    start.partition = PartitionId{p};
    start.start = Offset{below(5)};
    start.horizon_us = 5;
    start.restamp_window_us = 6;
    if (chance(50)) start.anchor = Anchor{Offset{1}, "held", AppendTime{4}};
    if (chance(50)) start.unheld_until = AppendTime{8};
    if (chance(50)) start.newest_append = AppendTime{9};
    begun.starts.push_back(start);
  }
  tell("begin", tx->begin_incarnation(begun, because()));
  const std::vector<NewGap> gaps{{begun.incarnation, PartitionId{0}, Offset{0}, Offset{3}, "lost"}};
  tell("its gaps", tx->add_gaps(gaps));
  if (chance(30)) return;
  const Status done = tx->commit();
  tell("commit adoption", done);
  if (!done) return;
  incarnation_ = begun.incarnation;
  for (const int p : {0, 1}) next_[p] = begun.starts[static_cast<std::size_t>(p)].start.value;
}

void RandomCalls::record_barrier() {
  WrittenBarrier barrier;
  barrier.t_us = closed_us_ + kBucketUs * below(3);
  barrier.incarnation = incarnation_.value;
  barrier.partition = static_cast<std::int32_t>(below(2));
  barrier.e = below(20);
  barrier.d0_us = now_us_;
  barrier.d1_us = now_us_ + below(5) - 1;
  tell("barrier", ledger_.gate().record_barriers(std::vector{barrier}, in_time()));
}

std::vector<std::string> RandomCalls::look() {
  lines_.clear();
  GateStore& gate = ledger_.gate();
  tell("clock", gate.clock_us(in_time()));
  tell("deployment", gate.deployment(in_time()));
  tell("progress", gate.progress(incarnation_.value, in_time()));
  tell("blockers", in_order(gate.blockers(in_time())));
  tell("unprovable", gate.unprovable_count(in_time()));
  tell("producers", gate.producers(in_time()));
  tell("barriers", gate.barriers(incarnation_.value, closed_us_, in_time()));
  tell("last close", gate.last_close(in_time()));
  tell("find close", ledger_.closes().find_close(closed_us_ - kBucketUs, in_time()));
  tell("spans", ledger_.held().invoiced_spans(in_time()));
  tell("lineage", ledger_.operators().lineage(in_time()));
  tell("fix", ledger_.quota().fix_partitions(7, in_time()));
  for (const int p : {0, 1}) {
    const PartitionId partition{p};
    tell("next", ledger_.quota().read_next(incarnation_, partition, in_time()));
    tell("insert", ledger_.quota().insert_progress(incarnation_, partition, in_time()));
    tell("partition", ledger_.quota().read_partition(incarnation_, partition, in_time()));
  }
  tell("raise", ledger_.quota().raise_flag(incarnation_, {}, "lineage", "again", in_time()));
  return lines_;
}

}  // namespace weir
