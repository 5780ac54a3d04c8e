// A file log whose readers share its partitions as processes of one machine do: FileStreamSource. Its
// writing end is as of make_file_stream.
#include "base/digest.h"
#include "ingest/file_stream/file_stream_source.h"
#include "ingest/spool/file_log_sink.h"
#include "ingest/spool/real_disk.h"
#include "tests/contract/stream/stream_under_test.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace weir {
namespace {

class FileGroupUnderTest : public StreamUnderTest {
 public:
  explicit FileGroupUnderTest(std::int32_t partitions)
      : root_((std::filesystem::temp_directory_path() / ("weir-group-" + random_hex(8))).string()) {
    FileLogOptions options;
    options.folder = root_ + "/log";
    options.partitions = partitions;
    options.segment_bytes = 1;
    log_ = std::move(*FileLog::open(disk_, options, clock_));
    sink_ = std::make_unique<FileLogSink>(*log_);
  }
  ~FileGroupUnderTest() override {
    log_.reset();
    std::filesystem::remove_all(root_);
  }

  std::unique_ptr<Source> join() override {
    FileStreamOptions options{root_ + "/log", root_ + "/group", {}};
    options.group.look_interval = std::chrono::milliseconds(20);
    return std::make_unique<FileStreamSource>(disk_, options, system_clock());
  }
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
  bool has_transactions() const override { return false; }
  void begin_transaction(PartitionId, int) override { FAIL() << "has none"; }
  void end_transaction(PartitionId) override { FAIL() << "has none"; }
  void pass_time() override { clock_.advance(std::chrono::milliseconds(5)); }

 private:
  void put(const LogRecord& record) {
    EXPECT_TRUE(log_->append({&record, 1}, Deadline::in(std::chrono::seconds(20))));
  }

  const std::string root_;
  RealDisk disk_;
  ManualClock clock_{system_clock().now()};
  std::unique_ptr<FileLog> log_;
  std::unique_ptr<FileLogSink> sink_;
};

}  // namespace

std::unique_ptr<StreamUnderTest> make_file_group_stream(std::int32_t partitions) {
  return std::make_unique<FileGroupUnderTest>(partitions);
}

}  // namespace weir
