// A file log on a real volume. Its members share a group of the test's own, since nobody else deals
// partitions there. Segments are small, so that every record begins a new one.
#include "base/digest.h"
#include "ingest/spool/file_log_sink.h"
#include "ingest/spool/file_log_source.h"
#include "ingest/spool/file_stream_log.h"
#include "ingest/spool/real_disk.h"
#include "ingest/stream/pass_through_source.h"
#include "tests/contract/stream/stream_under_test.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

namespace weir {
namespace {

class FileUnderTest : public StreamUnderTest {
 public:
  explicit FileUnderTest(std::int32_t partitions)
      : folder_((std::filesystem::temp_directory_path() / ("weir-log-" + random_hex(8))).string()),
        partitions_(partitions) {
    FileLogOptions options;
    options.folder = folder_;
    options.partitions = partitions;
    options.segment_bytes = 1;
    log_ = std::move(*FileLog::open(disk_, options, clock_));
    sink_ = std::make_unique<FileLogSink>(*log_);
  }
  ~FileUnderTest() override {
    log_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<Source> join() override;
  RecordSink& sink() override { return *sink_; }
  void put_foreign(PartitionId partition, std::string_view key, std::string_view value) override {
    put({partition, "", key, value, {}});
  }
  void put_with_headers(PartitionId partition, std::string_view value, std::string_view origin_text,
                        std::string_view redrive_text) override {
    put({partition, "", "", value, read_origin(origin_text, redrive_text)});
  }
  void retain_from(PartitionId partition, Offset start) override {
    EXPECT_TRUE(log_->drop_before(partition, start));
  }
  StreamLog* log() override { return &outside_; }
  bool has_transactions() const override { return false; }
  void begin_transaction(PartitionId, int) override { FAIL() << "has none"; }
  void end_transaction(PartitionId) override { FAIL() << "has none"; }
  void pass_time() override { clock_.advance(std::chrono::milliseconds(5)); }

 private:
  /// A member that tells the group when it goes.
  class Member : public PassThroughSource {
   public:
    Member(FileUnderTest& group, std::unique_ptr<FileLogSource> source)
        : PassThroughSource(*source), group_(group), source_(std::move(source)) {}
    ~Member() override {
      std::erase(group_.members_, this);
      group_.deal();
    }
    void deal(std::vector<PartitionId> share) { source_->deal(std::move(share)); }

   private:
    FileUnderTest& group_;
    std::unique_ptr<FileLogSource> source_;
  };

  void put(const LogRecord& record) {
    EXPECT_TRUE(log_->append({&record, 1}, Deadline::in(std::chrono::seconds(20))));
  }
  void deal() {
    for (std::size_t member = 0; member < members_.size(); ++member) {
      std::vector<PartitionId> share;
      for (auto p = static_cast<std::int32_t>(member); p < partitions_;
           p += static_cast<std::int32_t>(members_.size())) {
        share.push_back(PartitionId{p});
      }
      members_[member]->deal(std::move(share));
    }
  }

  const std::string folder_;
  const std::int32_t partitions_;
  RealDisk disk_;
  ManualClock clock_{WallTime{1'700'000'000'000'000}};
  std::unique_ptr<FileLog> log_;
  std::unique_ptr<FileLogSink> sink_;
  FileStreamLog outside_{disk_, folder_, "log"};
  std::vector<Member*> members_;
};

std::unique_ptr<Source> FileUnderTest::join() {
  auto source = FileLogSource::open(disk_, folder_);
  EXPECT_TRUE(source) << source.error().text();
  (*source)->deal({});  // a newcomer holds nothing until it is dealt in
  auto member = std::make_unique<Member>(*this, *std::move(source));
  members_.push_back(member.get());
  deal();
  return member;
}

}  // namespace

std::unique_ptr<StreamUnderTest> make_file_stream(std::int32_t partitions) {
  return std::make_unique<FileUnderTest>(partitions);
}

}  // namespace weir
