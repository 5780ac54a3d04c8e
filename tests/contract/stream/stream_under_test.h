// What the contract suite needs of a stream beyond Source and RecordSink: to make one, to write to
// it as a stranger would, and to let happen to it what happens to logs.
#pragma once

#include "ingest/stream/sink.h"
#include "ingest/stream/source.h"
#include "ingest/stream/stream_log.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class StreamUnderTest {
 public:
  virtual ~StreamUnderTest() = default;
  /// A new member of one and the same group.
  virtual std::unique_ptr<Source> join() = 0;
  virtual RecordSink& sink() = 0;
  /// A record with a key and without headers.
  virtual void put_foreign(PartitionId partition, std::string_view key, std::string_view value) = 0;
  /// A record without a key, with the headers of record.h, whatever they say; empty: left out.
  virtual void put_with_headers(PartitionId partition, std::string_view value,
                                std::string_view origin_text, std::string_view redrive_text) = 0;
  virtual void retain_from(PartitionId partition, Offset start) = 0;
  /// False: the two calls below must not be made.
  virtual bool has_transactions() const { return true; }
  /// Leaves a transaction with `count` records open; end_transaction() aborts it, with one marker.
  virtual void begin_transaction(PartitionId partition, int count) = 0;
  virtual void end_transaction(PartitionId partition) = 0;
  /// The same stream from outside any group; nullptr where nobody looks so.
  virtual StreamLog* log() { return nullptr; }
  /// Lets the stream's clock pass on, so that what comes later bears a later append time.
  virtual void pass_time() = 0;
};

struct Implementation {
  const char* name;
  std::unique_ptr<StreamUnderTest> (*make)(std::int32_t partitions);
};
/// Fresh streams of `partitions` partitions each.
std::unique_ptr<StreamUnderTest> make_memory_stream(std::int32_t partitions);
/// On a volume, in a folder of its own.
std::unique_ptr<StreamUnderTest> make_file_stream(std::int32_t partitions);
/// The same, kept for several processes: the keeper is in this one, or in another.
std::unique_ptr<StreamUnderTest> make_near_stream(std::int32_t partitions);
std::unique_ptr<StreamUnderTest> make_far_stream(std::int32_t partitions);
/// The same, read by members of a group that deals for itself.
std::unique_ptr<StreamUnderTest> make_file_group_stream(std::int32_t partitions);
/// Fails the test when WEIR_TEST_KAFKA does not name a broker; then nullptr.
std::unique_ptr<StreamUnderTest> make_kafka_stream(std::int32_t partitions);

}  // namespace weir
