#include "analytics/compact.h"

#include "analytics/store_fixture.h"

namespace weir {
namespace {

constexpr std::int64_t kDay = 24 * 3600 * kMicrosPerSecond;

class CompactTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    consumer_ = consumer();
    load(*consumer_);
  }
  void commit_request(const std::string& route, std::int64_t append_us,
                      std::int64_t event_us = kNoonUs) {
    BatchBuilder b(0, next_++);
    b.add(request("acme", route, event_us), Verdict::fresh, append_us);
    ASSERT_EQ(commit(*consumer_, b.batch()), Committed::done);
  }
  CompactReport compact(CompactOptions options = {}) {
    Result<Compactor> compactor =
        Compactor::open(*volume_, consumer_->owner, consumer_->catalogue, options, clock_);
    WEIR_CHECK(compactor.ok());
    Result<CompactReport> report = compactor->run_once();
    if (!report) ADD_FAILURE() << report.error().text();
    return report ? *report : CompactReport{};
  }
  std::int64_t segment_rows() { return number(FileKind::segment, "SELECT count(*) FROM {files}"); }
  std::int64_t rollup_requests() {
    return number(FileKind::rollup, "SELECT sum(requests)::BIGINT FROM {files}");
  }
  std::int64_t histogram_sum() {
    return number(FileKind::histogram, "SELECT sum(n)::BIGINT FROM {files}");
  }

  std::int64_t next_ = 0;
  std::unique_ptr<Consumer> consumer_;
};

TEST_F(CompactTest, merging_keeps_every_row_and_every_sum) {
  for (int i = 0; i < 10; ++i) commit_request(i % 2 ? "/a" : "/b", kNoonUs + i);
  CompactReport report = compact();
  EXPECT_EQ(report.merges, 3);
  EXPECT_EQ(report.files_merged, 30);
  EXPECT_EQ(live_files(FileKind::segment).size(), 1u);
  EXPECT_EQ(segment_rows(), 10);
  EXPECT_EQ(number(FileKind::segment, "SELECT count(DISTINCT stream_offset) FROM {files}"), 10);
  EXPECT_EQ(rollup_requests(), 10);
  EXPECT_EQ(number(FileKind::rollup, "SELECT count(*) FROM {files}"), 2);
  EXPECT_EQ(histogram_sum(), 10);
  EXPECT_EQ(number(FileKind::rollup, "SELECT sum(latency_sum_us)::BIGINT FROM {files}"), 10'000);
}

TEST_F(CompactTest, merged_files_merge_again_with_fresh_ones_of_their_level) {
  CompactOptions options;
  options.fan_in = 2;
  for (int i = 0; i < 4; ++i) {
    commit_request("/a", kNoonUs + i);
    compact(options);
  }
  compact(options);
  EXPECT_EQ(live_files(FileKind::segment).size(), 1u);
  EXPECT_EQ(segment_rows(), 4);
  EXPECT_EQ(rollup_requests(), 4);
}

TEST_F(CompactTest, too_few_files_wait_until_their_day_is_over) {
  commit_request("/a", kNoonUs);
  commit_request("/a", kNoonUs + 1);
  EXPECT_EQ(compact().merges, 0);
  clock_.set(WallTime(kNoonUs + kDay));
  EXPECT_EQ(compact().merges, 3);
  EXPECT_EQ(segment_rows(), 2);
}

TEST_F(CompactTest, offset_ranges_of_merged_files_join) {
  for (int i = 0; i < 8; ++i) commit_request("/a", kNoonUs + i);
  compact();
  Catalogue cat = catalogue();
  Result<std::vector<OffsetRange>> ranges = cat.ranges_of(live_files(FileKind::segment).front().id);
  ASSERT_EQ(ranges->size(), 1u);
  EXPECT_EQ(ranges->front().from, 0);
  EXPECT_EQ(ranges->front().to, 8);
  EXPECT_EQ(ranges->front().rows, 8);
}

TEST_F(CompactTest, replaced_files_stay_for_the_grace_and_go_after_it) {
  for (int i = 0; i < 8; ++i) commit_request("/a", kNoonUs + i);
  compact();
  EXPECT_EQ(files_on_disk(), 24u + 3u);
  clock_.advance(std::chrono::minutes(1));
  EXPECT_EQ(compact().files_removed, 0);
  clock_.advance(std::chrono::minutes(1));
  EXPECT_EQ(compact().files_removed, 24);
  EXPECT_EQ(files_on_disk(), 3u);
  EXPECT_EQ(segment_rows(), 8);
}

TEST_F(CompactTest, a_merge_that_another_process_overtook_changes_nothing) {
  for (int i = 0; i < 8; ++i) commit_request("/a", kNoonUs + i);
  std::vector<DataFile> before = live_files(FileKind::segment);
  Catalogue other = catalogue();
  ASSERT_TRUE(*other.retire_file(before[3].id, "expired", WallTime(kNoonUs)));
  CompactReport report = compact();
  EXPECT_EQ(live_files(FileKind::segment).size(), 7u);
  EXPECT_EQ(report.merges, 2);  // rollups and histograms alone
}

TEST_F(CompactTest, retention_goes_by_append_time_so_an_old_log_loaded_today_stays) {
  std::int64_t year_ago = kNoonUs - 365 * kDay;
  commit_request("/loaded-today", kNoonUs, year_ago);
  commit_request("/put-here-long-ago", kNoonUs - 100 * kDay, kNoonUs - 100 * kDay);
  CompactReport report = compact();
  EXPECT_EQ(report.files_expired, 1);
  EXPECT_EQ(segment_rows(), 1);
  EXPECT_EQ(number(FileKind::segment, "SELECT count(*) FROM {files} WHERE route = '/loaded-today'"),
            1);
  EXPECT_EQ(rollup_requests(), 2);  // kept longer
  Catalogue cat = catalogue();
  std::int64_t then = kNoonUs - 100 * kDay;
  EXPECT_EQ(*cat.expired_events(FileKind::segment, then, then + 1), 1);
  EXPECT_EQ(*cat.expired_events(FileKind::segment, kNoonUs, kNoonUs + 1), 0);
}

TEST_F(CompactTest, beyond_the_budget_the_oldest_segments_go_first) {
  for (int i = 0; i < 4; ++i) commit_request("/r" + std::to_string(i), kNoonUs + i);
  std::int64_t bytes = 0;
  for (FileKind kind : {FileKind::segment, FileKind::rollup, FileKind::histogram}) {
    for (const DataFile& file : live_files(kind)) bytes += file.bytes;
  }
  CompactOptions options;
  options.disk_budget_bytes = bytes - 1;
  EXPECT_EQ(compact(options).files_expired, 1);
  EXPECT_EQ(number(FileKind::segment, "SELECT count(*) FROM {files} WHERE route = '/r0'"), 0);
  EXPECT_EQ(segment_rows(), 3);
  EXPECT_EQ(rollup_requests(), 4);
}

/// A volume of 100 times what the live files hold, so that they are one percent of it.
class FullVolume : public CompactTest {
 protected:
  void SetUp() override {
    CompactTest::SetUp();
    for (int i = 0; i < 8; ++i) commit_request("/r" + std::to_string(i), kNoonUs + i);
    for (const DataFile& file : live_files(FileKind::segment)) segment_bytes_ += file.bytes;
    options_.space = [this]() -> Result<VolumeSpace> {
      return VolumeSpace{total_, total_ - used(), inodes_, inodes_ - inodes_used_};
    };
    options_.fan_in = 64;  // nothing merges: the files that are there are those that were written
  }
  std::uint64_t used() const { return total_ * used_permille_ / 1000; }
  std::int64_t segments() {
    return static_cast<std::int64_t>(live_files(FileKind::segment).size());
  }
  CompactReport round() { return compact(options_); }

  CompactOptions options_;
  std::int64_t segment_bytes_ = 0;
  std::uint64_t total_ = 0, used_permille_ = 0, inodes_ = 0, inodes_used_ = 0;
};

TEST_F(FullVolume, from_the_mark_on_the_oldest_segments_go_down_to_the_lower_mark) {
  // All segments are a tenth of it: of 86 % down to 80 % takes six tenths of them, of whole files five.
  total_ = static_cast<std::uint64_t>(segment_bytes_) * 10;
  used_permille_ = 845;
  EXPECT_EQ(round().files_expired, 0);
  used_permille_ = 861;
  const CompactReport report = round();
  EXPECT_EQ(report.files_expired, 5);
  EXPECT_EQ(segments(), 3);
  EXPECT_GT(report.expired_bytes.at("volume"), 0);
  EXPECT_EQ(number(FileKind::segment, "SELECT count(*) FROM {files} WHERE route >= '/r5'"), 3);
  EXPECT_EQ(rollup_requests(), 8) << "sums stay";
  Catalogue cat = catalogue();
  EXPECT_EQ(*cat.expired_events(FileKind::segment, kNoonUs, kNoonUs + 1), 5) << "queries say so";
}

TEST_F(FullVolume, what_waits_for_its_removal_is_not_expired_for_again) {
  total_ = static_cast<std::uint64_t>(segment_bytes_) * 10;
  used_permille_ = 861;
  round();
  const std::int64_t left = segments();
  EXPECT_EQ(files_on_disk(), 24u) << "queries may still read them";
  EXPECT_EQ(round().files_expired, 0);
  clock_.advance(std::chrono::minutes(1));
  EXPECT_EQ(round().files_expired, 0);
  clock_.advance(std::chrono::minutes(2));
  used_permille_ = 800;
  EXPECT_EQ(round().files_removed, 5);
  EXPECT_EQ(segments(), left);
}

TEST_F(FullVolume, where_others_fill_it_no_segment_is_taken) {
  total_ = static_cast<std::uint64_t>(segment_bytes_) * 100;
  used_permille_ = 950;
  EXPECT_EQ(round().files_expired, 0);
  EXPECT_EQ(segments(), 8);
}

TEST_F(FullVolume, inodes_run_out_as_bytes_do) {
  total_ = static_cast<std::uint64_t>(segment_bytes_) * 100;
  used_permille_ = 830;  // below the mark: of bytes nothing need go
  inodes_ = 100;
  inodes_used_ = 86;
  EXPECT_EQ(round().files_expired, 6);
}

TEST_F(FullVolume, at_100_percent_it_never_expires) {
  options_.expire_percent = 100;
  total_ = static_cast<std::uint64_t>(segment_bytes_) * 10;
  used_permille_ = 1000;
  EXPECT_EQ(round().files_expired, 0);
}

TEST_F(CompactTest, a_merged_file_that_was_never_named_is_an_orphan) {
  commit_request("/a", kNoonUs);
  {
    Result<FileOwner> dead = FileOwner::register_in(*volume_);
    std::string left =
        volume_->folder(FileKind::segment) + "/" + dead->new_name(FileKind::segment) + ".tmp";
    ASSERT_TRUE(write_file_durably(left, "half a file").ok());
    EXPECT_EQ(compact().orphans, 0);  // its owner lives
  }
  EXPECT_EQ(compact().orphans, 1);
  EXPECT_EQ(files_on_disk(), 3u);
}

}  // namespace
}  // namespace weir
