// R17: a ledger rebuilt from the stream is the ledger that was lost: each event usage or adjustment as it
// was then, each adjustment with the close that billed it.
#include "quota/rebuild/rebuild.h"

#include "base/digest.h"
#include "ingest/stream/memory_stream.h"
#include "quota/operator/postgres_operator_store.h"
#include "quota/operator/resolve.h"
#include "quota/rebuild/postgres_rebuilt_ledger.h"
#include "tests/contract/quota/ingest_fixture.h"

#include <filesystem>

namespace weir {
namespace {

constexpr std::int64_t kBucket = QuotaDatabase::kBucketUs;
constexpr std::int64_t kStart = 1'767'225'600'000'000;  // 2026-01-01, a bucket edge
constexpr std::int32_t kPartitions = 2;

/// What a rebuild must reproduce, as one text.
std::string ledger_of(const QuotaDatabase& database) {
  return database.ask(
             "SELECT string_agg(concat_ws(' ', tenant, subscription, meter, bucket_us, units), "
             "E'\\n' "
             "ORDER BY subscription, meter, bucket_us) FROM quota.usage") +
         "\n-- late\n" +
         database.ask(
             "SELECT string_agg(concat_ws(' ', subscription, meter, bucket_us, close, n), E'\\n' "
             "ORDER BY subscription, meter, bucket_us, close) FROM (SELECT subscription, meter, "
             "bucket_us, coalesce(close_id, 0) AS close, sum(units) AS n FROM quota.adjustment "
             "GROUP BY 1, 2, 3, 4) AS late") +
         "\n-- aside\n" +
         database.ask(
             "SELECT string_agg(concat_ws(' ', partition, record_offset, row, reason, resolution), "
             "E'\\n' ORDER BY partition, record_offset, row) FROM quota.quarantine") +
         "\n-- numbers\n" +
         database.ask(
             "SELECT string_agg(concat_ws(' ', producer, epoch, partition, contiguous, highest), "
             "E'\\n' ORDER BY producer, epoch, partition) FROM quota.v2_numbers") +
         "\n-- counts\n" +
         database.ask(
             "SELECT string_agg(concat_ws(' ', partition, next, received, applied, "
             "duplicate, quarantined, unprovable, adjusted, unsubscribed, unnumbered), E'\\n' "
             "ORDER BY partition) FROM quota.progress");
}

class RebuildTest : public ::testing::Test {
 protected:
  RebuildTest()
      : folder_(std::filesystem::temp_directory_path() / ("weir-rebuild-" + random_hex(8))),
        key_(*IdentityKey::from_secret("an identity key for tests only")) {
    lost_.database.apply_catalog(kTestCatalog);
    fresh_.database.apply_catalog(kTestCatalog);
  }
  ~RebuildTest() override { std::filesystem::remove_all(folder_); }

  struct Ledger {
    QuotaDatabase database;
    Database pool{database.options()};
    PostgresStore store{
        pool, std::chrono::minutes(10), {std::chrono::hours(24), std::chrono::hours(1)}};
    Metrics metrics;
  };

  LoopOptions loop_options(const std::string& name) {
    LoopOptions options;
    options.identity.folder = folder_ / name;
    options.identity.volume_id = name;
    std::filesystem::create_directories(options.identity.folder);
    return options;
  }
  std::string subscription_of(std::int32_t partition) const {
    for (int i = 0;; ++i) {
      std::string name = "sub-" + std::to_string(i);
      if (partition_of(name, kPartitions).value == partition) return name;
    }
  }
  std::string event(const std::string& id, std::int32_t partition, std::int64_t time_us) const {
    return R"({"tenant":"acme","source":"gw-1","id":")" + id + R"(","time":")" +
           format_rfc3339(time_us) + R"(","subscription":")" + subscription_of(partition) + R"("})";
  }
  void put(const std::string& id, std::int32_t partition, std::int64_t time_us,
           const std::string& origin = "", const std::string& redrive = "") {
    stream_.put(PartitionId{partition}, "", event(id, partition, time_us),
                subscription_of(partition), origin, redrive);
  }
  /// A consumer of the lost ledger applies all that is in the stream.
  void consume() {
    const Deployment deployment = *lost_.store.read_deployment(soon());
    auto source = stream_.join();
    QuotaHandler handler(lost_.store, deployment, lost_.metrics);
    ConsumerLoop loop(*source, handler, key_, loop_options("lost"), clock_, lost_.metrics);
    for (int i = 0; i < 60; ++i) {
      const Status stepped = loop.step(Micros{0});
      ASSERT_TRUE(stepped) << stepped.error().text();
      clock_.advance(std::chrono::milliseconds(100));
    }
  }
  /// A close at T of all that is applied, which bills the adjustments of before `billed_until`.
  void close(std::int64_t t_us, std::int64_t billed_until_us) {
    const QuotaDatabase& db = lost_.database;
    CloseVector close;
    close.id = static_cast<std::int64_t>(closes_.size()) + 1;
    close.t_us = t_us;
    close.closed_at_us = std::stoll(db.ask("SELECT quota.v1_clock_us()"));
    close.incarnation = 1;
    const std::string id = std::to_string(close.id);
    db.tell("SELECT quota.v1_advance_closed_until(" + std::to_string(t_us) + ")");
    db.tell("UPDATE quota.adjustment SET close_id = " + id + " WHERE close_id IS NULL AND " +
            "bucket_us < " + std::to_string(billed_until_us));
    Connection connection = db.connect();
    Result<Rows> cut = connection.run(
        "SELECT partition, next, received, applied, duplicate, quarantined, unprovable, adjusted "
        "FROM quota.progress ORDER BY partition",
        soon());
    for (std::size_t i = 0; i < cut->size(); ++i) {
      close.partitions.push_back({cut->integer(i, 0), cut->integer(i, 1), cut->integer(i, 2),
                                  cut->integer(i, 3), cut->integer(i, 4), cut->integer(i, 5),
                                  cut->integer(i, 6), cut->integer(i, 7)});
    }
    Result<Rows> late = connection.run(
        "SELECT tenant, subscription, meter, bucket_us, sum(units)::bigint FROM "
        "quota.v1_adjustments "
        "WHERE close_id = " +
            id + " GROUP BY 1, 2, 3, 4",
        soon());
    for (std::size_t i = 0; i < late->size(); ++i) {
      close.late.push_back({std::string(late->text(i, 0)), std::string(late->text(i, 1)),
                            std::string(late->text(i, 2)), late->integer(i, 3),
                            late->integer(i, 4)});
    }
    closes_.push_back(std::move(close));
  }
  Result<RebuildReport> rebuild_fresh() {
    Result<std::string> exported = Error{ErrorCode::unavailable, "", ""};
    Connection connection = lost_.database.connect();
    exported = export_decisions(connection, soon());
    if (!exported) return exported.error();
    Result<std::vector<PastDecision>> decisions = read_decisions(*exported);
    if (!decisions) return decisions.error();
    auto source = stream_.join();
    const RebuildFrom from{*source, closes_, *decisions};
    PostgresRebuiltLedger ledger(fresh_.pool);
    const RebuildInto into{ledger,
                           fresh_.store,
                           *fresh_.store.read_deployment(soon()),
                           key_,
                           loop_options("fresh"),
                           ticking_,
                           fresh_.metrics,
                           std::chrono::seconds(20)};
    return rebuild(from, into, {});
  }
  void expect_the_same() {
    Result<RebuildReport> report = rebuild_fresh();
    ASSERT_TRUE(report.ok()) << report.error().text();
    EXPECT_EQ(report->differences, std::vector<std::string>{});
    EXPECT_EQ(report->closes, closes_.size());
    EXPECT_EQ(ledger_of(fresh_.database), ledger_of(lost_.database));
    EXPECT_EQ(fresh_.database.ask("SELECT closed_until_us FROM quota.frozen"),
              lost_.database.ask("SELECT closed_until_us FROM quota.frozen"));
    EXPECT_EQ(known_to_closes(fresh_.database), known_to_closes(lost_.database));
  }
  /// The late units that each close knew, by the time at which they were applied.
  std::string known_to_closes(const QuotaDatabase& database) const {
    std::string known;
    for (const CloseVector& close : closes_) {
      known += " " + database.ask(
                         "SELECT coalesce(sum(units), 0) FROM quota.v1_adjustments "
                         "WHERE applied_at_us < " +
                         std::to_string(close.closed_at_us));
    }
    return known;
  }
  std::string rebuild_flags() const {
    return fresh_.database.ask("SELECT count(*) FROM quota.v2_blockers WHERE kind = 'lineage'");
  }

  /// Moves on by itself, so that a batch is due.
  class TickingClock : public Clock {
   public:
    WallTime now() override { return WallTime{kStart + 100 * kBucket + tick()}; }
    std::chrono::steady_clock::time_point steady_now() override {
      return std::chrono::steady_clock::time_point(Micros{tick()});
    }

   private:
    std::int64_t tick() { return us_ += 20'000; }
    std::int64_t us_ = 0;
  };

  const std::filesystem::path folder_;
  IdentityKey key_;
  ManualClock clock_{WallTime{kStart + kBucket}};
  TickingClock ticking_;
  MemoryStream stream_{kPartitions, clock_};
  Ledger lost_, fresh_;
  std::vector<CloseVector> closes_;
};

TEST_F(RebuildTest, R17_usage_and_adjustments_come_out_as_each_close_saw_them) {
  put("a", 0, kStart + 1, "gw-1 1 1");
  put("b", 1, kStart + 2, "gw-1 1 1");
  put("a", 0, kStart + 1, "gw-1 1 2");
  consume();
  close(kStart + kBucket, kStart);
  put("late", 0, kStart + 5, "gw-1 1 4");  // frozen: an adjustment
  put("new", 1, kStart + kBucket + 5);     // usage
  consume();
  close(kStart + 2 * kBucket, kStart + kBucket);  // bills the late one
  put("later", 0, kStart + 6);                    // the next close's
  put("late too", 1, kStart + kBucket + 6);
  stream_.put(PartitionId{1}, "", "{poison");
  consume();
  close(kStart + 3 * kBucket, kStart + kBucket);  // bills `later`; `late too` waits
  put("tail", 0, kStart + 3 * kBucket + 1);
  put("late tail", 0, kStart + 1);
  consume();
  EXPECT_EQ(lost_.database.ask("SELECT count(*) FROM quota.adjustment WHERE close_id IS NOT NULL"),
            "2");
  EXPECT_EQ(lost_.database.ask("SELECT count(*) FROM quota.adjustment"), "4");
  expect_the_same();
  EXPECT_EQ(rebuild_flags(), "0");
}

TEST_F(RebuildTest, R17_decisions_are_made_again_where_they_were_made) {
  stream_.put(PartitionId{0}, "", "{mended later");
  stream_.put(PartitionId{0}, "", "{never mended");
  put("a", 0, kStart + 1, "gw-1 1 1");
  put("c", 0, kStart + 3, "gw-1 1 3");
  consume();
  PostgresOperatorStore operators(lost_.pool);
  const Decision ada{"ada", "looked at it"};
  const NewRedrive children[] = {{PartitionId{0}, event("m0", 0, kStart + 9)},
                                 {PartitionId{1}, event("m1", 1, kStart + 9)}};
  const std::int64_t first =
      std::stoll(lost_.database.ask("SELECT id FROM quota.quarantine WHERE record_offset = 0"));
  // Ids are the database's: let them be none that an empty one would give.
  lost_.database.tell("SELECT setval(pg_get_serial_sequence('quota.redrive', 'id'), 40)");
  Result<Split> split = split_redrive(operators, ada, first, children, soon());
  ASSERT_TRUE(split.ok()) << split.error().text();
  const std::int64_t discarded[] = {
      std::stoll(lost_.database.ask("SELECT id FROM quota.quarantine WHERE record_offset = 1"))};
  ASSERT_TRUE(discard_quarantine(operators, ada, discarded, soon()).ok());
  const std::int64_t hole[] = {std::stoll(lost_.database.ask("SELECT id FROM quota.hole"))};
  ASSERT_TRUE(accept_holes(operators, ada, hole, soon()).ok());
  put("m1", 1, kStart + 9, "", "42");
  put("m0", 0, kStart + 9, "", "41");
  consume();
  close(kStart + kBucket, kStart);
  EXPECT_EQ(lost_.database.ask("SELECT count(*) FROM quota.v2_blockers"), "0");
  expect_the_same();
  EXPECT_EQ(fresh_.database.ask("SELECT count(*) FROM quota.v2_blockers"), "0");
  EXPECT_EQ(
      fresh_.database.ask("SELECT string_agg(id || state, ' ' ORDER BY id) FROM quota.redrive"),
      "41redriven 42redriven");
  EXPECT_EQ(fresh_.database.ask("SELECT string_agg(action, ', ' ORDER BY id) FROM quota.audit "
                                "WHERE actor = 'ada' AND reason = 'looked at it'"),
            "quarantine redrive, quarantine discard, holes accept");
}

TEST_F(RebuildTest, R17_decisions_about_what_the_log_no_longer_holds_stop_no_rebuild) {
  stream_.put(PartitionId{0}, "", "{mended later");
  put("a", 0, kStart + 1, "gone 1 1");
  put("b", 0, kStart + 2);
  consume();
  PostgresOperatorStore operators(lost_.pool);
  const Decision ada{"ada", "looked at it"};
  const NewRedrive children[] = {{PartitionId{0}, event("m0", 0, kStart + 9)}};
  const std::int64_t row = std::stoll(lost_.database.ask("SELECT id FROM quota.quarantine"));
  ASSERT_TRUE(split_redrive(operators, ada, row, children, soon()).ok());
  put("m0", 0, kStart + 9, "", lost_.database.ask("SELECT id FROM quota.redrive"));
  consume();
  EXPECT_EQ(lost_.database.ask("SELECT state FROM quota.redrive"), "redriven");
  lost_.database.tell(
      "INSERT INTO quota.audit (at_us, actor, action, detail, reason, worth) VALUES "
      "(1, 'ada', 'producers retire', '{\"producer\":\"gone\"}', 'its disk died', '')");

  stream_.retain_from(PartitionId{0}, Offset{2});
  Result<RebuildReport> report = rebuild_fresh();
  ASSERT_TRUE(report.ok()) << report.error().text();
  // What the log still holds is kept, `b` and the mended event: behind lost records, for an operator.
  EXPECT_EQ(fresh_.database.ask("SELECT count(*) FROM quota.unprovable"), "2");
  EXPECT_EQ(fresh_.database.ask("SELECT state FROM quota.redrive"), "unprovable");
  ASSERT_EQ(report->notes.size(), 1u);
  EXPECT_NE(report->notes[0].find("producers retire"), std::string::npos);
}

// R7: read before the decision is made again, it would be applied.
TEST_F(RebuildTest, R17_what_was_discarded_on_its_way_is_dropped_again_when_it_comes) {
  stream_.put(PartitionId{0}, "", "{mended, and then given up");
  put("a", 1, kStart + 1);
  consume();
  PostgresOperatorStore operators(lost_.pool);
  const Decision ada{"ada", "looked at it"};
  const std::int64_t row[] = {std::stoll(lost_.database.ask("SELECT id FROM quota.quarantine"))};
  const NewRedrive children[] = {{PartitionId{0}, event("m0", 0, kStart + 9)},
                                 {PartitionId{1}, event("m1", 1, kStart + 9)}};
  ASSERT_TRUE(split_redrive(operators, ada, row[0], children, soon()).ok());
  put("m0", 0, kStart + 9, "", "1");
  consume();
  ASSERT_TRUE(discard_quarantine(operators, ada, row, soon()).ok());
  put("m1", 1, kStart + 9, "", "2");
  consume();
  close(kStart + kBucket, kStart);
  EXPECT_EQ(lost_.database.ask("SELECT string_agg(state, ' ' ORDER BY id) FROM quota.redrive"),
            "redriven discarded");
  expect_the_same();
  EXPECT_EQ(fresh_.database.ask("SELECT string_agg(state, ' ' ORDER BY id) FROM quota.redrive"),
            "redriven discarded");
  EXPECT_EQ(fresh_.database.ask("SELECT string_agg(action, ', ' ORDER BY id) FROM quota.audit "
                                "WHERE actor = 'ada'"),
            "quarantine redrive, quarantine discard");
}

// Without the sums that a close billed late, its adjustments would be billed once more.
TEST_F(RebuildTest, R17_what_differs_from_a_certificate_blocks_closes_until_somebody_says_why) {
  put("a", 0, kStart + 1);
  consume();
  close(kStart + kBucket, kStart);
  closes_[0].partitions[0].applied += 1;
  closes_[0].late.push_back({"acme", "nobody", "requests", kStart, 3});
  Result<RebuildReport> report = rebuild_fresh();
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(report->differences.size(), 2u);
  EXPECT_EQ(rebuild_flags(), "2");
}

TEST_F(RebuildTest,
       R17_a_log_that_lost_its_beginning_is_not_ready_until_the_registry_is_confirmed) {
  put("a", 0, kStart + 1);
  put("b", 0, kStart + 2);
  consume();
  stream_.retain_from(PartitionId{0}, Offset{1});
  Result<RebuildReport> report = rebuild_fresh();
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(rebuild_flags(), "1");
  EXPECT_EQ(fresh_.database.ask("SELECT count(*) FROM quota.v2_blockers WHERE kind = 'gap'"), "1");
  PostgresOperatorStore operators(fresh_.pool);
  const std::int64_t flag[] = {std::stoll(
      fresh_.database.ask("SELECT id FROM quota.integrity_flag WHERE cleared_at_us IS NULL"))};
  ASSERT_TRUE(clear_flags(operators, {"ada", "the registry is whole"}, flag, soon()).ok());
  EXPECT_EQ(rebuild_flags(), "0");
}

TEST_F(RebuildTest, R17_nothing_is_rebuilt_over_a_ledger_that_is_not_empty) {
  put("a", 0, kStart + 1);
  consume();
  ASSERT_TRUE(rebuild_fresh().ok());
  Result<RebuildReport> again = rebuild_fresh();
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::config);
}

TEST_F(RebuildTest, R17_a_stream_that_ends_below_the_last_cut_is_another_one) {
  put("a", 0, kStart + 1);
  consume();
  close(kStart + kBucket, kStart);
  closes_[0].partitions[0].n = 2;
  Result<RebuildReport> report = rebuild_fresh();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::config);
}

}  // namespace
}  // namespace weir
