#include "ingest/stream/memory_stream.h"
#include "tests/contract/stream/stream_under_test.h"

namespace weir {
namespace {

class MemoryUnderTest : public StreamUnderTest {
 public:
  explicit MemoryUnderTest(std::int32_t partitions)
      : clock_(WallTime{1'700'000'000'000'000}), stream_(partitions, clock_) {}

  std::unique_ptr<Source> join() override { return stream_.join(); }
  RecordSink& sink() override { return *sink_; }
  void put_foreign(PartitionId partition, std::string_view key, std::string_view value) override {
    stream_.put(partition, "", value, key);
  }
  void put_with_headers(PartitionId partition, std::string_view value, std::string_view origin_text,
                        std::string_view redrive_text) override {
    stream_.put(partition, "", value, "", origin_text, redrive_text);
  }
  void retain_from(PartitionId partition, Offset start) override {
    stream_.retain_from(partition, start);
  }
  void begin_transaction(PartitionId partition, int count) override {
    stream_.begin_transaction(partition, count);
  }
  void end_transaction(PartitionId partition) override { stream_.end_transaction(partition); }
  void pass_time() override { clock_.advance(std::chrono::milliseconds(5)); }

 private:
  ManualClock clock_;
  MemoryStream stream_;
  std::unique_ptr<RecordSink> sink_ = stream_.sink();
};

}  // namespace

std::unique_ptr<StreamUnderTest> make_memory_stream(std::int32_t partitions) {
  return std::make_unique<MemoryUnderTest>(partitions);
}

}  // namespace weir
