// Outlet over a memory stream: spools that have done their work, and records that a topic cannot take.
#include "ingest/collector/outlet.h"

#include "base/digest.h"
#include "ingest/collector/one_off.h"
#include "ingest/collector/redrive.h"
#include "ingest/collector/resend.h"
#include "ingest/producer/producer_fixture.h"

#include <filesystem>
#include <gmock/gmock.h>

namespace weir {
namespace {

namespace fs = std::filesystem;

class OutletTest : public testing::Test {
 protected:
  OutletTest()
      : root_(fs::temp_directory_path() / ("weir-outlet-" + random_hex(6))),
        clock_(WallTime{1'700'000'000'000'000}),
        stream_(2, clock_),
        sink_(stream_.sink()) {
    fs::create_directories(root_);
  }
  ~OutletTest() override { fs::remove_all(root_); }

  std::string spool(const std::string& source) const { return (root_ / source).string(); }
  Result<std::unique_ptr<Outlet>> try_open(const std::string& source) {
    ProducerOptions options;
    options.folder = spool(source);
    options.topic = "requests";
    options.name = source;
    options.call_timeout = std::chrono::seconds(5);
    return Outlet::over(std::make_unique<NarrowSink>(*sink_, topic_bytes_max_), options, metrics_);
  }
  std::unique_ptr<Outlet> open(const std::string& source) {
    Result<std::unique_ptr<Outlet>> opened = try_open(source);
    EXPECT_TRUE(opened) << opened.error().text();
    return opened ? *std::move(opened) : nullptr;
  }
  static Status append(Producer& producer, std::int32_t partition, const std::string& value,
                       std::int64_t redrive = 0) {
    Origin origin;
    origin.redrive = redrive;
    const OutRecord record{PartitionId{partition}, kJson, value, origin};
    Result<std::vector<Appended>> places = producer.append({&record, 1}, soon());
    return places ? Status{} : Status{places.error()};
  }
  /// A source that ends after one record that is too large and one that is not.
  void end_with_a_large_record() {
    std::unique_ptr<Outlet> outlet = open("load-1");
    ASSERT_TRUE(outlet->producer().begin(soon()));
    ASSERT_TRUE(append(outlet->producer(), 1, large_, 17));
    ASSERT_TRUE(append(outlet->producer(), 0, "small"));
    ASSERT_TRUE(outlet->end({}));
    const Status taken = outlet->check_taken();
    EXPECT_FALSE(taken);
    EXPECT_THAT(taken.error().text(), testing::HasSubstr("weir-ingest resend " + spool("load-1")));
    ASSERT_TRUE(outlet->remove());
  }
  Result<std::size_t> resend() {
    return resend_kept(spool("load-1"), [this] { return try_open("resend-1"); }, {});
  }

  const fs::path root_;
  const std::string large_ = std::string(2000, 'x');
  ManualClock clock_;
  MemoryStream stream_;
  std::unique_ptr<RecordSink> sink_;
  std::size_t topic_bytes_max_ = 1000;
  Metrics metrics_;
};

TEST_F(OutletTest, a_spool_that_has_ended_leaves_no_folder) {
  std::unique_ptr<Outlet> outlet = open("load-1");
  ASSERT_TRUE(append(outlet->producer(), 0, "early").error().code == ErrorCode::unavailable);
  ASSERT_TRUE(outlet->producer().begin(soon()));
  ASSERT_TRUE(append(outlet->producer(), 0, "small"));
  ASSERT_TRUE(outlet->end({}));
  EXPECT_TRUE(outlet->check_taken());
  ASSERT_TRUE(outlet->remove());
  EXPECT_FALSE(fs::exists(spool("load-1")));
}

// The only copy of accepted events went with the folder, and the close passed.
TEST_F(OutletTest, R13_a_folder_stays_while_a_record_is_kept_in_it) {
  end_with_a_large_record();
  EXPECT_EQ(std::distance(fs::directory_iterator(kept_folder(spool("load-1"))), {}), 1);
}

TEST_F(OutletTest, R13_what_the_topic_could_not_take_is_sent_when_it_can) {
  end_with_a_large_record();
  const Result<std::size_t> still = resend();
  EXPECT_FALSE(still);
  EXPECT_FALSE(Told::of(stream_).has(large_));
  EXPECT_FALSE(fs::exists(spool("resend-1")));

  topic_bytes_max_ = 4000;
  const Result<std::size_t> sent = resend();
  ASSERT_TRUE(sent) << sent.error().text();
  EXPECT_EQ(*sent, 1U);
  const Told told = Told::of(stream_);
  told.expect_promises();
  int found = 0;
  for (const Told::Record& record : told.in(PartitionId{1})) {
    if (record.value != large_) continue;
    ++found;
    EXPECT_EQ(record.origin.redrive, 17);
    EXPECT_EQ(record.content_type, kJson);
  }
  EXPECT_EQ(found, 1);
  EXPECT_EQ(*resend(), 0U);
}

TEST_F(OutletTest, what_can_be_refused_is_refused_before_a_producer_is_registered) {
  OneOff work;
  work.open = [this] { return try_open("once"); };
  work.check = [](std::int32_t partitions) {
    return Status{Error{ErrorCode::invalid, std::to_string(partitions) + " are too few", ""}};
  };
  work.append = [](Producer&) { return Status{}; };
  const Result<std::string> done = run_one_off(work, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().what, "2 are too few");
  EXPECT_EQ(stream_.seen().records, 0);
}

// A redrive that was killed left its producer registered and open, and its last event unsent.
TEST_F(OutletTest, R7_one_off_work_that_was_broken_off_is_ended_by_the_next_run) {
  for (const bool had_begun_to_end : {false, true}) {
    {
      std::unique_ptr<Outlet> killed = open("once");
      ASSERT_TRUE(killed->producer().begin(soon()));
      ASSERT_TRUE(append(killed->producer(), 0, "first"));
      ASSERT_TRUE(append(killed->producer(), 1, "second"));
      if (had_begun_to_end) {
        stream_.fail_appends({MemoryStream::AppendFault{ErrorCode::denied}});
        EXPECT_FALSE(killed->producer().end(soon()));
      }
    }
    OneOff work;
    work.open = [this] { return try_open("once"); };
    work.check = [](std::int32_t) { return Status{}; };
    work.append = [](Producer& producer) { return append(producer, 1, "second"); };
    const Result<std::string> done = run_one_off(work, {});
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_FALSE(fs::exists(spool("once")));
  }
  const Told told = Told::of(stream_);
  told.expect_promises();
  EXPECT_TRUE(told.has("first"));
  std::set<std::string> producers;
  for (const Told::Record& record : told.records) producers.insert(record.producer);
  producers.erase("");
  EXPECT_EQ(told.seals(PartitionId{0}, Seal::Kind::end).size(), producers.size());
}

// Ctrl-C in `generate`: the end was refused at once, and its folder could not be found again.
TEST_F(OutletTest, R13_a_source_that_is_asked_to_stop_is_given_time_to_end) {
  std::stop_source asked;
  asked.request_stop();
  std::unique_ptr<Outlet> outlet = open("generate-1");
  ASSERT_TRUE(outlet->producer().begin(soon()));
  ASSERT_TRUE(append(outlet->producer(), 0, "made up"));
  EXPECT_FALSE(outlet->end(asked.get_token()));
  stream_.fail_appends({MemoryStream::AppendFault{ErrorCode::denied}});
  const Status failed = outlet->end_soon(asked.get_token(), std::chrono::seconds(10));
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().remedy, testing::HasSubstr("retire --spool " + spool("generate-1")));
  stream_.fail_appends({MemoryStream::AppendFault{}});
  EXPECT_TRUE(outlet->end_soon(asked.get_token(), std::chrono::seconds(10)));
  EXPECT_EQ(Told::of(stream_).seals(PartitionId{0}, Seal::Kind::end).size(), 1U);
}

// Of two children one was sent; the second run sends the other: another file, which took another spool.
TEST_F(OutletTest, R7_every_run_of_a_quarantine_row_takes_the_same_spool) {
  EXPECT_EQ(redrive_source({"a", 12}, "two children"), redrive_source({"b", 12}, "one child"));
  EXPECT_NE(redrive_source({"a", 12}, "two children"), redrive_source({"a", 13}, "two children"));
  EXPECT_NE(redrive_source({"a", 0}, "two children"), redrive_source({"a", 0}, "one child"));
}

}  // namespace
}  // namespace weir
