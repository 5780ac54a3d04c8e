#include "analytics/handler.h"

#include "analytics/options.h"
#include "analytics/store_fixture.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

class HandlerTest : public StoreTest {
 protected:
  std::int64_t segment_rows() { return number(FileKind::segment, "SELECT count(*) FROM {files}"); }
  std::int64_t rollup_requests() {
    return number(FileKind::rollup, "SELECT sum(requests)::BIGINT FROM {files}");
  }
};

TEST_F(HandlerTest, a_commit_makes_rows_rollups_and_progress_at_once) {
  auto c = consumer();
  load(*c);
  BatchBuilder b(0, 0);
  b.add(request("acme", "/a")).add(request("acme", "/b")).add(request("bolt", "/a"));
  ASSERT_EQ(commit(*c, b.batch()), Committed::done);
  EXPECT_EQ(segment_rows(), 3);
  EXPECT_EQ(rollup_requests(), 3);
  EXPECT_EQ(load(*c)[0].next, Offset(3));
  EXPECT_EQ(load(*c)[1].next, Offset(0));
  EXPECT_EQ(files_on_disk(), 3u);
}

TEST_F(HandlerTest, duplicates_are_left_out_and_unprovable_rows_are_kept_with_a_mark) {
  auto c = consumer();
  load(*c);
  BatchBuilder b;
  b.add(request("acme", "/a"))
      .add(request("acme", "/a"), Verdict::duplicate)
      .add(request("acme", "/a"), Verdict::unprovable);
  ASSERT_EQ(commit(*c, b.batch()), Committed::done);
  EXPECT_EQ(segment_rows(), 2);
  EXPECT_EQ(number(FileKind::segment, "SELECT count(*) FROM {files} WHERE unprovable"), 1);
  RangeCounts counts = *c->catalogue.counts();
  EXPECT_EQ(counts.received, counts.applied + counts.duplicate + counts.unprovable);
}

TEST_F(HandlerTest, a_commit_from_a_stale_position_is_a_conflict_and_leaves_nothing) {
  auto c = consumer();
  load(*c);
  BatchBuilder first(0, 0);
  first.add(request("acme", "/a"));
  ASSERT_EQ(commit(*c, first.batch()), Committed::done);
  EXPECT_EQ(commit(*c, first.batch()), Committed::conflict);
  BatchBuilder ahead(0, 5);
  ahead.add(request("acme", "/a"));
  EXPECT_EQ(commit(*c, ahead.batch()), Committed::conflict);
  EXPECT_EQ(segment_rows(), 1);
  EXPECT_EQ(files_on_disk(), 3u);
  EXPECT_EQ(load(*c)[0].next, Offset(1));
}

TEST_F(HandlerTest, one_stale_range_refuses_the_whole_commit) {
  auto c = consumer();
  load(*c);
  BatchBuilder b(0, 0);
  b.add(request("acme", "/a"));
  Range stale;
  stale.partition = PartitionId(1);
  stale.from = Offset(7);
  stale.to = Offset(8);
  b.batch().ranges.push_back(stale);
  EXPECT_EQ(commit(*c, b.batch()), Committed::conflict);
  EXPECT_EQ(load(*c)[0].next, Offset(0));
}

TEST_F(HandlerTest, killed_between_files_and_transaction_nothing_is_seen_and_the_files_go) {
  BatchBuilder b;
  b.add(request("acme", "/a"));
  {
    auto killed = consumer();
    load(*killed);
    ASSERT_TRUE(killed->writer.write(b.batch(), soon()).ok());
    EXPECT_EQ(files_on_disk(), 3u);
  }
  auto c = consumer();
  auto named = [&](const std::string& name) { return c->catalogue.names(name); };
  EXPECT_EQ(*remove_orphans(*volume_, named), 3);
  EXPECT_EQ(files_on_disk(), 0u);
  ASSERT_EQ(commit(*c, b.batch()), Committed::done);
  EXPECT_EQ(segment_rows(), 1);
}

TEST_F(HandlerTest, files_in_flight_of_a_living_consumer_are_no_orphans) {
  auto living = consumer();
  load(*living);
  BatchBuilder b;
  b.add(request("acme", "/a"));
  Result<std::vector<DataFile>> in_flight = living->writer.write(b.batch(), soon());
  ASSERT_TRUE(in_flight.ok());
  auto other = consumer();
  auto named = [&](const std::string& name) { return other->catalogue.names(name); };
  EXPECT_EQ(*remove_orphans(*volume_, named), 0);
  EXPECT_EQ(files_on_disk(), 3u);
}

TEST_F(HandlerTest, files_that_the_catalogue_names_outlive_their_writer) {
  BatchBuilder b;
  b.add(request("acme", "/a"));
  {
    auto gone = consumer();
    load(*gone);
    ASSERT_EQ(commit(*gone, b.batch()), Committed::done);
  }
  auto c = consumer();
  auto named = [&](const std::string& name) { return c->catalogue.names(name); };
  EXPECT_EQ(*remove_orphans(*volume_, named), 0);
  EXPECT_EQ(segment_rows(), 1);
}

TEST_F(HandlerTest, two_consumers_share_a_volume_and_the_loser_of_a_partition_is_told) {
  auto one = consumer();
  auto two = consumer();
  load(*one);
  load(*two);
  BatchBuilder b(0, 0), other(1, 0);
  b.add(request("acme", "/a"));
  other.add(request("acme", "/a"));
  ASSERT_EQ(commit(*one, b.batch()), Committed::done);
  EXPECT_EQ(commit(*two, b.batch()), Committed::conflict);
  EXPECT_EQ(commit(*two, other.batch()), Committed::done);
  EXPECT_EQ(segment_rows(), 2);
}

TEST_F(HandlerTest, what_a_range_brings_is_loaded_again) {
  auto c = consumer();
  load(*c);
  BatchBuilder b;
  b.add(request("acme", "/a"));
  Generation g;
  g.to_offset = 1;
  g.append_min = g.append_max = AppendTime(kNoonUs);
  g.identities = 1;
  g.digest = "d";
  g.volume_id = "v";
  b.range().anchor = Anchor{Offset(0), "digest", AppendTime(kNoonUs)};
  b.range().sealed = {g};
  Quarantined bad;
  bad.partition = PartitionId(0);
  bad.offset = Offset(0);
  bad.row = 1;
  bad.reason = "malformed";
  bad.raw = std::string("\0{", 2);
  b.batch().quarantined.push_back(bad);
  bad.whole = true;
  bad.row = 0;
  b.batch().quarantined.push_back(bad);
  ASSERT_EQ(commit(*c, b.batch()), Committed::done);
  PartitionState state = load(*c)[0];
  ASSERT_TRUE(state.anchor.has_value());
  EXPECT_EQ(state.anchor->digest, "digest");
  ASSERT_EQ(state.generations.size(), 1u);
  EXPECT_EQ(state.generations[0].file_name(), g.file_name());
  EXPECT_EQ(state.quarantined, (std::vector<Address>{{Incarnation(1), Offset(0), 1},
                                                     {Incarnation(1), Offset(0), kWholeRecord}}));

  BatchBuilder next(0, 1);
  next.range().expired = {g};
  ASSERT_EQ(commit(*c, next.batch()), Committed::done);
  state = load(*c)[0];
  EXPECT_TRUE(state.generations.empty());
  EXPECT_EQ(state.anchor->digest, "digest");  // kept: this commit brought none
}

TEST_F(HandlerTest, another_partition_count_is_refused) {
  auto c = consumer();
  load(*c);
  std::vector<PartitionId> partitions = {PartitionId(0)};
  Result<std::vector<PartitionState>> states = c->handler.load(partitions, 3, soon());
  ASSERT_FALSE(states.ok());
  EXPECT_EQ(states.error().code, ErrorCode::integrity);
}

TEST_F(HandlerTest, complete_through_needs_every_partition_caught_up) {
  auto c = consumer();
  load(*c);
  BatchBuilder zero(0, 0);
  zero.range().caught_up_at = WallTime(kNoonUs + 5);
  ASSERT_EQ(commit(*c, zero.batch()), Committed::done);
  EXPECT_FALSE(c->catalogue.freshness()->known);
  BatchBuilder one(1, 0);
  one.range().caught_up_at = WallTime(kNoonUs + 3);
  ASSERT_EQ(commit(*c, one.batch()), Committed::done);
  Freshness fresh = *c->catalogue.freshness();
  ASSERT_TRUE(fresh.known);
  EXPECT_EQ(fresh.caught_up_us, kNoonUs + 3);
  EXPECT_EQ(fresh.complete_through_us, kNoonUs + 3 - 600 * kMicrosPerSecond);
}

TEST_F(HandlerTest, a_full_volume_pauses_consumption_and_writes_nothing) {
  auto c = consumer();
  load(*c);
  AnalyticsHandlerOptions options = Consumer::options();
  options.pause_percent = 0;
  AnalyticsHandler full(*volume_, c->catalogue, c->writer, options, clock_, metrics_);
  BatchBuilder b;
  b.add(request("acme", "/a"));
  Result<Committed> outcome = full.commit(b.batch(), soon());
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::unavailable);
  EXPECT_EQ(files_on_disk(), 0u);
}

TEST(Marks, out_of_order_are_a_fault_that_names_them) {
  const auto fault = [](std::int64_t warn, std::int64_t expire, std::int64_t pause,
                        std::int64_t to) -> std::string {
    AnalyticsOptions options;
    options.warn_percent = warn;
    options.compact.expire_percent = expire;
    options.compact.expire_to_percent = to;
    options.handler.pause_percent = pause;
    const Status status = check_marks(options);
    if (status) return "";
    EXPECT_EQ(status.error().code, ErrorCode::config);
    return status.error().text();
  };
  EXPECT_EQ(fault(80, 85, 90, 80), "");
  EXPECT_EQ(fault(85, 85, 85, 84), "");
  EXPECT_EQ(fault(80, 100, 100, 80), "");
  EXPECT_NE(fault(86, 85, 90, 80), "");
  EXPECT_NE(fault(80, 91, 90, 80), "");
  EXPECT_NE(fault(80, 85, 90, 85), "");
  EXPECT_THAT(fault(80, 95, 90, 80), testing::HasSubstr("analytics.expire_percent 95"));
}

TEST_F(HandlerTest, while_another_process_holds_the_write_lock_the_same_batch_may_be_tried_again) {
  auto c = consumer();
  load(*c);
  BatchBuilder b;
  b.add(request("acme", "/a"));
  Catalogue other = catalogue();
  Result<SqliteTransaction> holds = other.begin(soon());
  ASSERT_TRUE(holds.ok());
  Result<Committed> outcome =
      c->handler.commit(b.batch(), Deadline::in(std::chrono::milliseconds(300)));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::unavailable);
  holds->rollback();
  EXPECT_EQ(commit(*c, b.batch()), Committed::done);
  EXPECT_EQ(files_on_disk(), 3u);
}

}  // namespace
}  // namespace weir
