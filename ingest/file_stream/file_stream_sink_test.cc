// Appending from the keeper's own process and from others.
#include "ingest/file_stream/keeper_fixture.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

using FileStreamSinkTest = KeeperTest;

TEST_F(FileStreamSinkTest, records_of_another_process_stand_where_it_is_told) {
  const Child keeper = keeper_process();
  auto to = sink();
  const Origin origin{"gw-1", 1, 3, 9};
  const OutRecord records[] = {{PartitionId{1}, "a", "one", origin},
                               {PartitionId{0}, "b", "two"},
                               {PartitionId{1}, "c", "three"}};
  const auto places = to->append(records, in_time());
  ASSERT_TRUE(places) << places.error().text();
  ASSERT_THAT(*places, SizeIs(3));
  EXPECT_EQ(places->at(0).offset, Offset{0});
  EXPECT_EQ(places->at(1).offset, Offset{0});
  EXPECT_EQ(places->at(2).offset, Offset{1});
  EXPECT_THAT(values(PartitionId{1}), ElementsAre("one", "three"));
  const auto reader = *LogReader::open(disk_, folder_);
  const auto first = reader->read(PartitionId{1}, Offset{0});
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->content_type, "a");
  EXPECT_EQ((*first)->append_time, places->at(0).append_time);
  EXPECT_EQ(write_origin((*first)->origin), write_origin(origin));
  EXPECT_EQ((*first)->origin.redrive, 9);
}

TEST_F(FileStreamSinkTest, what_was_appended_is_published_when_append_returns) {
  const Child keeper = keeper_process();
  auto to = sink();
  const auto reader = [&] { return *LogReader::open(disk_, folder_); };
  for (std::int64_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(append(*to, "x"));
    ASSERT_EQ(reader()->bounds(PartitionId{0})->end, Offset{i + 1});
  }
}

TEST_F(FileStreamSinkTest, the_own_keeper_is_used_without_its_socket) {
  auto own = keeper_with_log();
  auto to = sink(own.get());
  std::filesystem::remove(writer_socket(folder_));
  EXPECT_TRUE(append(*to, "direct"));
  EXPECT_THAT(values(), ElementsAre("direct"));
}

TEST_F(FileStreamSinkTest, the_partitions_are_known_though_nobody_keeps_the_log) {
  EXPECT_EQ(*sink()->partition_count(in_time()), 2);
}

TEST_F(FileStreamSinkTest, while_nobody_keeps_the_log_it_is_unavailable_and_says_so) {
  auto to = sink(nullptr, std::chrono::milliseconds(50));
  const auto places = append(*to, "x");
  ASSERT_FALSE(places);
  EXPECT_EQ(places.error().code, ErrorCode::unavailable);
  EXPECT_THAT(places.error().text(), HasSubstr("nobody keeps the log " + folder_));
  EXPECT_THAT(places.error().text(), HasSubstr("weir-ingest serve"));
}

TEST_F(FileStreamSinkTest, an_append_waits_for_a_keeper_that_comes_in_time) {
  auto to = sink();
  std::jthread waiting([&] { EXPECT_TRUE(append(*to, "patient")); });
  auto own = keeper_with_log();
  waiting.join();
  EXPECT_THAT(values(), ElementsAre("patient"));
}

TEST_F(FileStreamSinkTest, there_is_no_sink_without_a_log) {
  const auto none = FileStreamSink::open(disk_, root_, std::chrono::seconds(1));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::not_found);
  EXPECT_THAT(none.error().remedy, HasSubstr("topic create"));
}

TEST_F(FileStreamSinkTest, more_than_one_request_may_hold_is_sent_in_parts) {
  const Child keeper = keeper_process();
  auto to = sink();
  const std::string value(5 << 20, 'v');
  const std::vector<OutRecord> records(7, OutRecord{PartitionId{0}, "", value});
  const auto places = to->append(records, in_time());
  ASSERT_TRUE(places) << places.error().text();
  for (std::int64_t i = 0; i < 7; ++i) {
    EXPECT_EQ(places->at(static_cast<std::size_t>(i)).offset, Offset{i});
  }
}

TEST_F(FileStreamSinkTest, what_the_stream_can_never_take_is_invalid_from_near_and_far) {
  options_.log.record_bytes_max = 1000;
  auto own = keeper_with_log();
  for (LogKeeper* of : {own.get(), static_cast<LogKeeper*>(nullptr)}) {
    auto to = sink(of);
    const std::string long_one(2000, 'x');
    const std::string longest(17 << 20, 'x');
    const std::string content_type(1 << 17, 'x');
    const Origin no_producer{"a b", 1, 1};
    for (const OutRecord& record :
         {OutRecord{PartitionId{0}, "", long_one}, OutRecord{PartitionId{0}, "", longest},
          OutRecord{PartitionId{2}, "", "x"}, OutRecord{PartitionId{-1}, "", "x"},
          OutRecord{PartitionId{0}, content_type, "x"},
          OutRecord{PartitionId{0}, "", "x", no_producer}}) {
      const auto places = to->append({&record, 1}, in_time());
      ASSERT_FALSE(places);
      EXPECT_EQ(places.error().code, ErrorCode::invalid) << places.error().text();
    }
  }
  EXPECT_THAT(values(), SizeIs(0));
}

TEST_F(FileStreamSinkTest, a_full_log_is_full_and_goes_on_when_there_is_room) {
  options_.log.bytes_max = 20'000;
  options_.log.record_bytes_max = 5'000;
  options_.log.segment_bytes = 1;
  std::atomic<bool> make_room = false;
  options_.upkeep = [&](FileLog& log) {
    if (!make_room) return Status{};
    return log.drop_before(PartitionId{0}, log.bounds(PartitionId{0}).end);
  };
  auto own = keeper_with_log();
  for (LogKeeper* of : {own.get(), static_cast<LogKeeper*>(nullptr)}) {
    make_room = false;
    auto to = sink(of);
    Result<std::vector<Appended>> places = std::vector<Appended>{};
    for (int i = 0; places && i < 100; ++i) places = append(*to, std::string(4'000, 'x'));
    ASSERT_FALSE(places);
    EXPECT_EQ(places.error().code, ErrorCode::full) << places.error().text();
    make_room = true;
    EXPECT_TRUE(eventually([&] { return append(*to, std::string(4'000, 'x')).ok(); }));
  }
}

TEST_F(FileStreamSinkTest, a_log_that_was_put_in_the_place_of_its_own_takes_nothing) {
  auto own = keeper_with_log();
  auto near = sink(own.get(), std::chrono::seconds(3));
  auto far = sink(nullptr, std::chrono::seconds(3));
  ASSERT_TRUE(append(*near, "a"));
  ASSERT_TRUE(append(*far, "b"));
  std::filesystem::rename(folder_, root_ + "/old");
  ASSERT_TRUE(make_file_log(disk_, folder_, 2)->made);
  auto of_new = sink();
  ASSERT_TRUE(append(*of_new, "new"));  // the keeper has taken the new one by then
  for (FileStreamSink* to : {near.get(), far.get()}) {
    const auto places = append(*to, "lost");
    ASSERT_FALSE(places);
    EXPECT_EQ(places.error().code, ErrorCode::unavailable);
    EXPECT_THAT(places.error().what, HasSubstr("another log lies in " + folder_));
  }
  EXPECT_THAT(values(), ElementsAre("new"));
  EXPECT_THAT(values(root_ + "/old"), ElementsAre("a", "b"));
}

TEST_F(FileStreamSinkTest, a_log_that_is_moved_away_takes_no_more_records) {
  options_.upkeep_every = std::chrono::hours(1);  // nothing but the append itself can notice
  auto own = keeper_with_log();
  auto to = sink(own.get(), std::chrono::milliseconds(300));
  ASSERT_TRUE(append(*to, "a"));
  std::filesystem::rename(folder_, root_ + "/old");
  const auto places = append(*to, "lost");
  ASSERT_FALSE(places);
  EXPECT_EQ(places.error().code, ErrorCode::unavailable);
  EXPECT_THAT(values(root_ + "/old"), ElementsAre("a"));
}

TEST_F(FileStreamSinkTest, requests_beyond_the_bound_in_bytes_wait_for_their_turn) {
  options_.queued_bytes_max = 300'000;
  const Child keeper = keeper_process();
  auto to = sink();
  ASSERT_TRUE(append(*to, "first"));
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&] {
        for (int n = 0; n < 3; ++n) {
          const auto places =
              append(*to, std::string(200'000, 'x'), Deadline::in(std::chrono::minutes(3)));
          EXPECT_TRUE(places) << places.error().text();
        }
      });
    }
  }
  EXPECT_THAT(values(), SizeIs(13));  // none twice: who was told to wait had appended nothing
}

TEST_F(FileStreamSinkTest, a_folder_with_a_long_path_is_kept_and_reached) {
  folder_ = root_ + "/" + std::string(120, 'd') + "/log";
  options_.log.folder = folder_;
  ASSERT_TRUE(make_file_log(disk_, folder_, 2));
  const Child keeper = keeper_process();
  EXPECT_TRUE(append(*sink(), "far"));
  EXPECT_THAT(values(), ElementsAre("far"));
}

/// Needs root, to become somebody else.
TEST_F(FileStreamSinkTest, who_may_not_write_to_the_socket_appends_nothing) {
  ASSERT_EQ(::geteuid(), 0U) << "this test needs root";
  const Child keeper = keeper_process();
  ASSERT_TRUE(append(*sink(), "mine"));
  Child stranger([&] {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
    auto to = FileStreamSink::open(disk_, folder_, std::chrono::milliseconds(200));
    if (!to) ::_exit(3);
    const auto places = append(**to, "stolen");
    if (places) ::_exit(4);
    const bool told = places.error().what.find("may not write") != std::string::npos;
    ::_exit(places.error().code == ErrorCode::unavailable && told ? 0 : 5);
  });
  EXPECT_EQ(stranger.wait(), 0);
  EXPECT_THAT(values(), ElementsAre("mine"));
}

}  // namespace
}  // namespace weir
