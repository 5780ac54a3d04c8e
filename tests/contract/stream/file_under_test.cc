// A file log on a real volume, of this process alone. Segments are small, so that every record begins a
// new one.
#include "base/digest.h"
#include "ingest/spool/file_log_sink.h"
#include "ingest/spool/file_stream_log.h"
#include "ingest/spool/real_disk.h"
#include "tests/contract/stream/dealt_group.h"
#include "tests/contract/stream/stream_under_test.h"

#include <filesystem>

namespace weir {
namespace {

class FileUnderTest : public StreamUnderTest {
 public:
  explicit FileUnderTest(std::int32_t partitions)
      : folder_((std::filesystem::temp_directory_path() / ("weir-log-" + random_hex(8))).string()),
        group_(disk_, folder_, partitions) {
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

  std::unique_ptr<Source> join() override { return group_.join(); }
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
  void put(const LogRecord& record) {
    EXPECT_TRUE(log_->append({&record, 1}, Deadline::in(std::chrono::seconds(20))));
  }

  const std::string folder_;
  RealDisk disk_;
  ManualClock clock_{WallTime{1'700'000'000'000'000}};
  std::unique_ptr<FileLog> log_;
  std::unique_ptr<FileLogSink> sink_;
  FileStreamLog outside_{disk_, folder_, "log"};
  DealtGroup group_;
};

}  // namespace

std::unique_ptr<StreamUnderTest> make_file_stream(std::int32_t partitions) {
  return std::make_unique<FileUnderTest>(partitions);
}

}  // namespace weir
