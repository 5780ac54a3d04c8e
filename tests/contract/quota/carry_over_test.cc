// R2, R5: what a moved incarnation inherits, read from the former topic into each new partition's index,
// its rows on the real PostgreSQL.
#include "quota/carry_over.h"

#include "ingest/codec/codec.h"
#include "ingest/identity/index_fixture.h"
#include "ingest/stream/memory_stream.h"
#include "ingest/stream/pass_through_source.h"
#include "tests/contract/quota/quota_database.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr std::int64_t kHour = 3'600'000'000;
constexpr std::int64_t kStart = 1'772'366'400'000'000;

/// Passes on what a source says, until it has delivered so many records.
class CutSource : public PassThroughSource {
 public:
  CutSource(std::unique_ptr<Source> real, std::int64_t records_max)
      : PassThroughSource(*real), owned_(std::move(real)), left_(records_max) {}
  Result<Polled> poll(Micros timeout) override {
    if (left_ == 0) return Error{ErrorCode::unavailable, "cut off", ""};
    Result<Polled> polled = real_.poll(timeout);
    if (polled && polled->kind == Polled::Kind::record) --left_;
    return polled;
  }

 private:
  std::unique_ptr<Source> owned_;
  std::int64_t left_;
};

class CarryOverTest : public ::testing::Test {
 protected:
  CarryOverTest()
      : clock_(WallTime{kStart}),
        former_(2, clock_),
        pool_(database_.options()),
        store_(pool_, std::chrono::minutes(10), {std::chrono::hours(24), std::chrono::hours(1)}),
        key_(*IdentityKey::from_secret("a secret of the tests, long enough")) {
    deployment_.incarnation = Incarnation{2};
    inheritance_.starts = {Offset{0}, Offset{0}, Offset{0}};
    inheritance_.inherited.topic = "former";
    options_.identity.folder = folder_.path();
    options_.identity.volume_id = "volume-1";
    options_.shorten = [this](PartitionId partition) {
      Connection connection = database_.connect();
      return shorten_inheritance(connection, deployment_.incarnation, partition,
                                 inheritance_.inherited.newest, soon());
    };
    database_.tell(
        "INSERT INTO quota.progress (incarnation, partition, applied_at_us) "
        "SELECT 1, p, 1 FROM generate_series(0, 1) AS p "
        "UNION ALL SELECT 2, p, 1 FROM generate_series(0, 2) AS p");
  }
  /// An event of its own for the subscription, in the former topic.
  Offset put(const std::string& id, const std::string& subscription) {
    return former_.put(partition_of(subscription, 2), kJson,
                       R"({"tenant":"acme","source":"s","id":")" + id +
                           R"(","time":1772366400000000,"subscription":")" + subscription + "\"}");
  }
  Status carry_over() {
    inheritance_.inherited.ranges.clear();
    for (std::int32_t p = 0; p < 2; ++p) {
      inheritance_.inherited.ranges.push_back({Offset{0}, former_.bounds(PartitionId{p}).end});
    }
    inheritance_.inherited.newest = AppendTime{clock_.now().value};
    auto heirs = find_heirs(store_, deployment_, inheritance_, options_);
    if (!heirs) return heirs.error();
    found_ = heirs->size();
    if (retained_) former_.retain_from(PartitionId{0}, *retained_);
    CutSource source(former_.join(), records_max_);
    return weir::carry_over(store_, deployment_, inheritance_, *std::move(heirs), source, key_,
                            options_, {});
  }
  /// What the first record of a new partition would be told about a copy.
  Verdict verdict(const std::string& id, std::int32_t partition) {
    const auto state = store_.read_partition(Incarnation{2}, PartitionId{partition}, soon());
    EXPECT_TRUE(state.ok());
    auto index = IdentityIndex::open(options_.identity, 2, partition, state->generations, 0);
    EXPECT_TRUE(index.ok()) << index.error().text();
    if (state->unheld_until) index->set_unheld_until(*state->unheld_until);
    if (index->covered().to == 0 && index->covered().from == 0) index->begin_at(0, false);
    EXPECT_EQ(index->covered().to, 0);
    const Identity identity[] = {key_.identify("acme", "s", id)};
    const EventTime time[] = {EventTime{kStart}};
    const std::uint32_t row[] = {0};
    Verdict out[1];
    EXPECT_TRUE(index->classify(0, AppendTime{kStart + 60'000'000}, identity, time, row, out));
    return out[0];
  }
  static std::int32_t home(const std::string& subscription) {
    return partition_of(subscription, 3).value;
  }

  ManualClock clock_;
  MemoryStream former_;
  QuotaDatabase database_;
  Database pool_;
  PostgresStore store_;
  TestFolder folder_;
  const IdentityKey key_;
  Deployment deployment_;
  Inheritance inheritance_;
  CarryOverOptions options_;
  std::int64_t records_max_ = 1'000'000;
  std::optional<Offset> retained_;
  std::size_t found_ = 0;
};

TEST_F(CarryOverTest, R2_each_partition_knows_what_hashes_to_it_and_nothing_else) {
  for (int i = 0; i < 12; ++i) put("e" + std::to_string(i), "sub-" + std::to_string(i));
  ASSERT_TRUE(carry_over());
  for (int i = 0; i < 12; ++i) {
    const std::string id = "e" + std::to_string(i);
    const std::int32_t of = home("sub-" + std::to_string(i));
    for (std::int32_t q = 0; q < 3; ++q) {
      EXPECT_EQ(verdict(id, q), q == of ? Verdict::duplicate : Verdict::fresh) << id << " " << q;
    }
  }
  EXPECT_EQ(verdict("never sent", 0), Verdict::fresh) << "nothing is unprovable: all is held";
}

TEST_F(CarryOverTest, an_event_without_a_subscription_is_known_wherever_it_comes) {
  former_.put(PartitionId{1}, kJson,
              R"({"source":"s","tenant":"acme","id":"free","time":1772366400000000})");
  ASSERT_TRUE(carry_over());
  for (std::int32_t q = 0; q < 3; ++q) EXPECT_EQ(verdict("free", q), Verdict::duplicate);
}

TEST_F(CarryOverTest, R4_what_was_quarantined_then_is_not_known) {
  const Offset at = put("bad", "sub-1");
  put("good", "sub-1");
  const std::string address =
      "1, " + std::to_string(partition_of("sub-1", 2).value) + ", " + std::to_string(at.value);
  database_.tell("INSERT INTO quota.quarantine_record VALUES (" + address +
                 ", 'former', 1, '', '')");
  database_.tell(
      "INSERT INTO quota.quarantine (incarnation, partition, record_offset, row, reason, field, "
      "detail, opened_at_us) VALUES (" +
      address + ", 0, 'malformed', '', '', 1)");
  ASSERT_TRUE(carry_over());
  EXPECT_EQ(verdict("bad", home("sub-1")), Verdict::fresh);
  EXPECT_EQ(verdict("good", home("sub-1")), Verdict::duplicate);
}

TEST_F(CarryOverTest, R5_it_is_done_once_a_volume) {
  put("e", "sub-1");
  ASSERT_TRUE(carry_over());
  EXPECT_EQ(found_, 3u);
  ASSERT_TRUE(find_heirs(store_, deployment_, inheritance_, options_)->empty());
  options_.identity.volume_id = "volume-2";
  EXPECT_EQ(find_heirs(store_, deployment_, inheritance_, options_)->size(), 3u);
  // When the horizon has passed, nobody asks any more.
  database_.tell(
      "UPDATE quota.progress SET anchor_offset = 5, anchor_digest = 'd', "
      "anchor_append_us = " +
      std::to_string(kStart + 25 * kHour));
  EXPECT_TRUE(find_heirs(store_, deployment_, inheritance_, options_)->empty());
}

TEST_F(CarryOverTest, R5_one_that_was_cut_off_goes_on_where_it_was) {
  options_.identity.open_bytes_max = 1;  // the least: some hundred identities a file
  for (int i = 0; i < 6000; ++i) put("e" + std::to_string(i), "sub-" + std::to_string(i % 90));
  records_max_ = 4500;
  EXPECT_FALSE(carry_over());
  EXPECT_GT(std::stoll(database_.ask("SELECT count(*) FROM quota.generation")), 0);
  records_max_ = 3000;  // fewer than all: what is named is not read again
  ASSERT_TRUE(carry_over());
  for (int i = 0; i < 6000; i += 97) {
    EXPECT_EQ(verdict("e" + std::to_string(i), home("sub-" + std::to_string(i % 90))),
              Verdict::duplicate);
  }
}

TEST_F(CarryOverTest, R5_what_retention_took_meanwhile_is_unprovable) {
  for (int i = 0; i < 40; ++i) put("e" + std::to_string(i), "sub-" + std::to_string(i));
  retained_ = Offset{5};
  ASSERT_TRUE(carry_over());
  EXPECT_EQ(verdict("e39", home("sub-39")), Verdict::duplicate);
  EXPECT_EQ(verdict("never sent", 0), Verdict::unprovable);
  EXPECT_EQ(verdict("e0", home("sub-0")), Verdict::unprovable);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.progress WHERE incarnation = 2 AND "
                          "unheld_until_us = " +
                          std::to_string(inheritance_.inherited.newest.value)),
            "3");
}

// Both topics were written to side by side: the new one's first record is older than the old one's
// last, and says nothing of what the lost file held.
TEST_F(CarryOverTest, R6_a_lost_file_never_makes_a_copy_new) {
  put("e", "sub-1");
  clock_.advance(std::chrono::hours(3));
  put("late", "sub-1");
  ASSERT_TRUE(carry_over());
  for (const std::string& name : folder_.names()) {
    std::filesystem::remove(folder_.path() + "/" + name);
  }
  const auto state = store_.read_partition(Incarnation{2}, PartitionId{home("sub-1")}, soon());
  ASSERT_TRUE(state.ok());
  auto index = IdentityIndex::open(options_.identity, 2, home("sub-1"), state->generations, 0);
  ASSERT_TRUE(index.ok());
  EXPECT_EQ(index->covered().from, index->covered().to);
  index->begin_at(0, false);
  const Identity identity[] = {key_.identify("acme", "s", "late")};
  const EventTime time[] = {EventTime{kStart + 3 * kHour}};
  const std::uint32_t row[] = {0};
  Verdict out[1];
  ASSERT_TRUE(index->classify(0, AppendTime{kStart}, identity, time, row, out));
  EXPECT_EQ(out[0], Verdict::unprovable);
  EXPECT_TRUE(index->expirable().empty()) << "its row still says so";
  // At the next start it is read again.
  ASSERT_TRUE(carry_over());
  EXPECT_EQ(verdict("late", home("sub-1")), Verdict::duplicate);
}

}  // namespace
}  // namespace weir
