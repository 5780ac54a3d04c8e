// Schedules of two sessions, on the real PostgreSQL and on the ledger in memory: who waits, and what
// each sees afterwards. What the simulation proves rests on these being the same.
#include "tests/contract/isolation/actor.h"

namespace weir {
namespace {

constexpr PartitionId kP0{0}, kP1{1};
constexpr std::int64_t kT1 = 2 * kBucketUs, kT2 = 4 * kBucketUs;

class Schedules : public ::testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<IngestTransaction> ingest() { return *ledger_->quota().begin(in_time()); }
  std::unique_ptr<CloseTransaction> close() { return *ledger_->closes().begin(in_time()); }
  std::unique_ptr<BillTransaction> bill() { return *ledger_->bills().begin(in_time()); }
  std::unique_ptr<OperatorTransaction> decide() { return *ledger_->operators().begin(in_time()); }
  static Result<bool> advance(IngestTransaction& tx, PartitionId p, std::int64_t a,
                              std::int64_t b) {
    return tx.advance_progress(kFirst, p, Offset{a}, Offset{b});
  }

  std::unique_ptr<LedgerUnderTest> ledger_ =
      GetParam() == "postgres" ? postgres_under_test() : memory_under_test();
  Actor a_{*ledger_}, b_{*ledger_};
};

INSTANTIATE_TEST_SUITE_P(OnBoth, Schedules, ::testing::Values("memory", "postgres"),
                         [](const auto& of) { return of.param; });

TEST_P(Schedules, R11_the_fence_waits_for_a_batch_and_cuts_behind_it) {
  auto tx = ingest();
  auto closing = close();
  UsageDeltas deltas;
  deltas.add("acme", "sub-1", "requests", kBucketUs, 7);
  ASSERT_TRUE(*advance(*tx, kP0, 0, 5));
  ASSERT_TRUE(tx->add_usage(kFirst, deltas));
  ASSERT_TRUE(*closing->advance_closed_until(kT1));
  ASSERT_TRUE(closing->usage(0, kT1)->empty());
  std::vector<CutPartition> cut;
  EXPECT_FALSE(b_.starts([&] { cut = *closing->fence_progress(); }));
  ASSERT_TRUE(tx->commit());
  b_.finishes();
  ASSERT_EQ(cut.size(), 2u);
  EXPECT_EQ(cut[0].n, 5);
  ASSERT_EQ(closing->usage(0, kT1)->size(), 1u);
  EXPECT_EQ(closing->usage(0, kT1)->front().units, 7);
}

TEST_P(Schedules, R3_a_batch_that_waited_for_the_fence_reads_the_new_closed_until) {
  auto closing = close();
  auto tx = ingest();
  ASSERT_TRUE(*closing->advance_closed_until(kT1));
  ASSERT_TRUE(closing->fence_progress());
  EXPECT_EQ(*tx->read_closed_until(), 0);
  bool moved = false;
  EXPECT_FALSE(b_.starts([&] { moved = *advance(*tx, kP0, 0, 5); }));
  ASSERT_TRUE(closing->commit());
  b_.finishes();
  EXPECT_TRUE(moved);  // the fence left `next` as it was
  EXPECT_EQ(*tx->read_closed_until(), kT1);
}

TEST_P(Schedules, R11_of_two_closes_at_one_edge_the_second_finds_it_moved) {
  auto first = close(), second = close();
  ASSERT_TRUE(*first->advance_closed_until(kT1));
  bool advanced = true;
  EXPECT_FALSE(b_.starts([&] { advanced = *second->advance_closed_until(kT1); }));
  ASSERT_TRUE(first->commit());
  b_.finishes();
  EXPECT_FALSE(advanced);
}

TEST_P(Schedules, R11_a_slower_close_of_an_earlier_edge_never_moves_back) {
  auto first = close(), second = close();
  ASSERT_TRUE(*first->advance_closed_until(kT2));
  bool advanced = true;
  EXPECT_FALSE(b_.starts([&] { advanced = *second->advance_closed_until(kT1); }));
  ASSERT_TRUE(first->commit());
  b_.finishes();
  EXPECT_FALSE(advanced);
  EXPECT_EQ(ledger_->quota().read_deployment(in_time())->closed_until_us, kT2);
}

TEST_P(Schedules, R11_a_close_goes_on_when_the_one_before_it_gives_up) {
  auto first = close(), second = close();
  ASSERT_TRUE(*first->advance_closed_until(kT1));
  bool advanced = false;
  EXPECT_FALSE(b_.starts([&] { advanced = *second->advance_closed_until(kT1); }));
  first.reset();
  b_.finishes();
  EXPECT_TRUE(advanced);
  EXPECT_FALSE(*close()->advance_closed_until(kT1 + 1));  // no edge of a bucket
}

TEST_P(Schedules, R5_a_compare_and_set_looks_again_after_it_waited) {
  for (const bool first_commits : {true, false}) {
    auto first = ingest(), second = ingest();
    ASSERT_TRUE(*advance(*first, kP0, 0, 5));
    bool moved = first_commits;
    EXPECT_FALSE(*advance(*second, kP0, 7, 9));  // what cannot be does not wait
    EXPECT_FALSE(b_.starts([&] { moved = *advance(*second, kP0, 0, 3); }));
    if (first_commits) {
      ASSERT_TRUE(first->commit());
    } else {
      first.reset();
    }
    b_.finishes();
    EXPECT_EQ(moved, !first_commits);
    second.reset();
    if (!first_commits) continue;
    EXPECT_EQ((*ledger_->quota().read_next(kFirst, kP0, in_time()))->value, 5);
    auto back = ingest();
    ASSERT_TRUE(*advance(*back, kP0, 5, 0));  // for the second round
    ASSERT_TRUE(back->commit());
  }
}

TEST_P(Schedules, R8_an_operator_holds_closed_until_against_a_close) {
  auto one = decide(), other = decide();
  auto closing = close();
  EXPECT_EQ(*one->hold_closed_until(), 0);
  EXPECT_EQ(*other->hold_closed_until(), 0);  // each other they let pass
  bool advanced = false;
  EXPECT_FALSE(b_.starts([&] { advanced = *closing->advance_closed_until(kT1); }));
  ASSERT_TRUE(one->commit());
  other.reset();
  b_.finishes();
  EXPECT_TRUE(advanced);
  auto late = decide();
  std::int64_t seen = -1;
  EXPECT_FALSE(a_.starts([&] { seen = *late->hold_closed_until(); }));
  ASSERT_TRUE(closing->commit());
  a_.finishes();
  EXPECT_EQ(seen, kT1);
}

TEST_P(Schedules, R2_a_close_that_waited_while_a_move_was_declared_sees_it) {
  auto declaring = decide();
  auto closing = close();
  ASSERT_TRUE(declaring->hold_closed_until());
  ASSERT_TRUE(declaring->incarnation());
  ASSERT_FALSE(*declaring->open_move());
  const NewMove move{kFirst, "weir.requests", "weir.wide", {Offset{0}, Offset{0}, Offset{0}}};
  const auto id = declaring->declare_move(move, {"ada", "too few"});
  ASSERT_TRUE(id);
  EXPECT_TRUE(closing->blockers()->empty());
  bool advanced = false;
  EXPECT_FALSE(b_.starts([&] { advanced = *closing->advance_closed_until(kT1); }));
  ASSERT_TRUE(declaring->commit());
  b_.finishes();
  ASSERT_TRUE(advanced);
  ASSERT_EQ(closing->blockers()->size(), 1u);
  EXPECT_EQ(closing->blockers()->front().kind, "move");
  EXPECT_EQ(closing->blockers()->front().what,
            "from topic weir.requests to weir.wide, declared by ada");
  closing.reset();

  auto settling = decide();
  ASSERT_EQ((*settling->open_move())->starts.size(), 3u);
  ASSERT_TRUE(settling->settle_move(*id, "cancelled", {"ada", "enough"}));
  ASSERT_FALSE(*settling->open_move());
  ASSERT_TRUE(settling->commit());
  EXPECT_TRUE(close()->blockers()->empty());
}

TEST_P(Schedules, a_reader_never_waits_for_a_writer) {
  auto closing = close();
  ASSERT_TRUE(*closing->advance_closed_until(kT1));
  ASSERT_TRUE(closing->fence_progress());
  b_.does([&] {
    EXPECT_EQ(ledger_->quota().read_deployment(in_time())->closed_until_us, 0);
    EXPECT_EQ(ledger_->gate().progress(1, in_time())->size(), 2u);
  });
}

TEST_P(Schedules, R4_a_quarantined_address_stands_once_whoever_writes_it) {
  auto first = ingest(), second = ingest();
  Quarantined bad;
  bad.reason = "malformed";
  const std::vector<Quarantined> rows{bad};
  ASSERT_TRUE(first->add_quarantine_records(kFirst, rows));
  ASSERT_TRUE(first->add_quarantine(kFirst, rows));
  EXPECT_FALSE(b_.starts([&] {
    EXPECT_TRUE(second->add_quarantine_records(kFirst, rows));
    EXPECT_TRUE(second->add_quarantine(kFirst, rows));
  }));
  ASSERT_TRUE(first->commit());
  b_.finishes();
  ASSERT_TRUE(second->commit());
  EXPECT_EQ(ledger_->gate().blockers(in_time())->size(), 1u);
}

TEST_P(Schedules, a_flag_that_somebody_raises_at_the_same_time_stands_once) {
  auto first = ingest();
  ASSERT_TRUE(first->add_flag(kFirst, kP0, "lineage", "the log is another one"));
  EXPECT_FALSE(b_.starts([&] {
    EXPECT_TRUE(
        ledger_->quota().raise_flag(kFirst, kP0, "lineage", "the log is another one", in_time()));
  }));
  ASSERT_TRUE(first->commit());
  b_.finishes();
  EXPECT_EQ(ledger_->gate().blockers(in_time())->size(), 1u);
}

TEST_P(Schedules, R7_the_later_of_the_two_last_children_resolves_the_parent) {
  auto setup = ingest();
  Quarantined bad;
  bad.reason = "malformed";
  ASSERT_TRUE(setup->add_quarantine_records(kFirst, std::vector{bad}));
  ASSERT_TRUE(setup->add_quarantine(kFirst, std::vector{bad}));
  ASSERT_TRUE(setup->commit());
  setup.reset();  // its connection
  const std::int64_t parent = ledger_->gate().blockers(in_time())->front().id;
  auto splitting = decide();
  const std::vector<NewRedrive> events{{kP0, "{}"}, {kP1, "{}"}};
  const auto children = *splitting->add_redrives(parent, events);
  ASSERT_TRUE(splitting->commit());
  splitting.reset();

  auto first = ingest(), second = ingest();
  const std::vector<RedriveDecision> one{{children[0], "redriven", kP0, Offset{9}}};
  const std::vector<RedriveDecision> other{{children[1], "duplicate", kP1, Offset{8}}};
  EXPECT_EQ(first->close_redrives(kFirst, one)->size(), 1u);
  std::size_t closed = 0;
  EXPECT_FALSE(b_.starts([&] { closed = second->close_redrives(kFirst, other)->size(); }));
  ASSERT_TRUE(first->commit());
  b_.finishes();
  EXPECT_EQ(closed, 1u);
  EXPECT_EQ(ledger_->gate().blockers(in_time())->size(), 1u);
  ASSERT_TRUE(second->commit());
  EXPECT_TRUE(ledger_->gate().blockers(in_time())->empty());
  EXPECT_TRUE(ingest()->close_redrives(kFirst, one)->empty());  // it is decided
}

Seal seal_of(std::int64_t until_us, std::int64_t last) {
  Seal seal;
  seal.producer = "gw-1";
  seal.kind = Seal::Kind::sealed;
  seal.until_us = until_us;
  seal.accepted_when = "spool";
  seal.epoch = 1;
  seal.numbers = {{1, {last, 0}}};
  return seal;
}

TEST_P(Schedules, R13_the_first_seal_of_an_edge_stays) {
  auto first = ingest(), second = ingest();
  const Seal early = seal_of(kT1, 3), later = seal_of(kT1 + 5, 4);
  ASSERT_TRUE(first->register_producer(early, AppendTime{1}));
  ASSERT_TRUE(first->add_seal(early, AppendTime{1}, kBucketUs, 0));
  EXPECT_FALSE(b_.starts([&] {
    EXPECT_TRUE(second->register_producer(later, AppendTime{2}));
    EXPECT_TRUE(second->add_seal(later, AppendTime{2}, kBucketUs, 0));
  }));
  ASSERT_TRUE(first->commit());
  b_.finishes();
  ASSERT_TRUE(second->commit());
  const QuotaProducers stands = *ledger_->gate().producers(in_time());
  ASSERT_EQ(stands.seals.size(), 1u);
  EXPECT_EQ(stands.seals[0].numbers, early.numbers);
  EXPECT_EQ(stands.producers[0].sealed_until_us, later.until_us);
}

TEST_P(Schedules, R14_an_end_waits_for_whoever_has_read_that_there_is_none) {
  auto setup = ingest();
  Seal end = seal_of(0, 3);
  end.kind = Seal::Kind::end;
  ASSERT_TRUE(setup->register_producer(end, AppendTime{1}));
  ASSERT_TRUE(setup->commit());
  setup.reset();  // its connection
  auto counting = ingest(), ending = ingest(), sealing = ingest();
  const std::vector<std::string> ids{"gw-1"};
  EXPECT_TRUE(counting->read_ends(ids)->empty());
  EXPECT_TRUE(sealing->register_producer(end, AppendTime{2}));  // a seal stands in nobody's way
  sealing.reset();
  NumberChange five{"gw-1", 1, kP0, 5, std::nullopt, {}, false};
  ASSERT_TRUE(counting->write_numbers(kFirst, std::vector{five}));
  bool ended = true;
  EXPECT_FALSE(b_.starts([&] { ended = *ending->end_producer(end, AppendTime{3}); }));
  ASSERT_TRUE(counting->commit());
  b_.finishes();
  EXPECT_FALSE(ended);  // number 5 is above it
}

TEST_P(Schedules, R11_an_adjustment_is_assigned_once) {
  auto setup = ingest();
  UsageDeltas late;
  late.add("acme", "sub-1", "requests", 0, 1);
  ASSERT_TRUE(setup->add_adjustments(kFirst, late));
  ASSERT_TRUE(setup->commit());
  setup.reset();  // its connection
  auto first = close(), second = close();
  const std::vector<std::int64_t> ids{first->unassigned_adjustments()->front().id};
  EXPECT_EQ(*first->assign_adjustments(1, ids), ids);
  std::vector<std::int64_t> assigned = ids;
  EXPECT_FALSE(b_.starts([&] { assigned = *second->assign_adjustments(2, ids); }));
  ASSERT_TRUE(first->commit());
  b_.finishes();
  EXPECT_TRUE(assigned.empty());
  EXPECT_TRUE(second->unassigned_adjustments()->empty());
}

TEST_P(Schedules, invoice_numbers_have_no_gap_when_a_run_gives_up) {
  for (const bool first_commits : {false, true}) {
    auto first = bill(), second = bill();
    const std::int64_t number = *first->next_number("acme");
    EXPECT_EQ(number, 1);
    std::int64_t next = 0;
    EXPECT_FALSE(b_.starts([&] { next = *second->next_number("acme"); }));
    if (first_commits) {
      ASSERT_TRUE(first->commit());
    } else {
      first.reset();
    }
    b_.finishes();
    EXPECT_EQ(next, first_commits ? 2 : 1);
  }
}

TEST_P(Schedules, a_close_is_claimed_by_one_run) {
  auto first = bill(), second = bill();
  EXPECT_TRUE(*first->claim(1));
  bool claimed = true;
  EXPECT_FALSE(b_.starts([&] { claimed = *second->claim(1); }));
  ASSERT_TRUE(first->commit());
  b_.finishes();
  EXPECT_FALSE(claimed);
}

TEST_P(Schedules, R11_a_catalogue_waits_for_the_close_that_froze_one) {
  auto closing = close();
  ASSERT_TRUE(*closing->lock_catalog());
  Catalog next = *read_catalog_json((*closing->lock_catalog())->canonical);
  next.tenants[0].name = "Acme & Co";
  EXPECT_FALSE(b_.starts([&] { EXPECT_TRUE(ledger_->apply_billing_catalog(next)); }));
  EXPECT_EQ((*ledger_->gate().catalog(in_time()))->version, 1);
  ASSERT_TRUE(closing->commit());
  b_.finishes();
  EXPECT_EQ((*ledger_->gate().catalog(in_time()))->version, 2);
}

TEST_P(Schedules, of_two_that_wait_for_each_other_one_is_let_go) {
  auto first = ingest(), second = ingest();
  ASSERT_TRUE(*advance(*first, kP0, 0, 5));
  ASSERT_TRUE(*advance(*second, kP1, 0, 5));
  Result<bool> a = false, b = false;
  // A statement that fails gives its locks back at once, so that the other one goes on.
  EXPECT_FALSE(a_.starts([&] { a = advance(*first, kP1, 0, 5); }));
  (void)b_.starts([&] { b = advance(*second, kP0, 0, 5); });
  a_.finishes();
  b_.finishes();
  EXPECT_NE(a.ok(), b.ok());
  EXPECT_EQ((a ? b : a).error().code, ErrorCode::unavailable);
}

TEST_P(Schedules, what_was_not_committed_is_gone_with_the_connection) {
  auto tx = ingest();
  ASSERT_TRUE(*advance(*tx, kP0, 0, 5));
  ledger_->end_connections();
  const Status done = tx->commit();
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().code == ErrorCode::in_doubt ||
              done.error().code == ErrorCode::unavailable);
  EXPECT_EQ((*ledger_->quota().read_next(kFirst, kP0, in_time()))->value, 0);
}

}  // namespace
}  // namespace weir
