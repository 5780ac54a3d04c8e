// A producer on a memory stream and a memory disk, and what came of it, for the tests of this
// folder.
#pragma once

#include "base/metrics.h"
#include "ingest/codec/codec.h"
#include "ingest/codec/seal.h"
#include "ingest/producer/producer.h"
#include "ingest/spool/memory_disk.h"
#include "ingest/stream/memory_stream.h"

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace weir {

inline Deadline soon() { return Deadline::in(std::chrono::seconds(10)); }

/// Everything that stands in a stream, partition by partition, in order.
struct Told {
  struct Record {
    PartitionId partition;
    std::string content_type, value, producer;
    Origin origin;
  };
  std::vector<Record> records;

  static Told of(MemoryStream& stream) {
    Told told;
    std::unique_ptr<Source> source = stream.join();
    for (int quiet = 0; quiet < 3;) {
      Result<Polled> polled = source->poll(Micros(0));
      if (!polled || polled->kind == Polled::Kind::nothing) {
        ++quiet;
      } else if (polled->kind == Polled::Kind::assigned) {
        for (const PartitionId partition : polled->partitions) {
          EXPECT_TRUE(source->start(partition, Offset{0}));
        }
      } else if (polled->kind == Polled::Kind::record) {
        const StreamRecord& record = polled->record;
        told.records.push_back({record.partition, std::string(record.content_type),
                                std::string(record.value), std::string(record.origin.producer),
                                record.origin});
      }
    }
    return told;
  }
  std::vector<Record> in(PartitionId partition) const {
    std::vector<Record> found;
    for (const Record& record : records) {
      if (record.partition == partition) found.push_back(record);
    }
    return found;
  }
  std::vector<Seal> seals(PartitionId partition, Seal::Kind kind) const {
    std::vector<Seal> found;
    for (const Record& record : in(partition)) {
      if (record.content_type != kSeal) continue;
      Result<Seal> seal = read_seal(record.value);
      EXPECT_TRUE(seal) << record.value;
      if (seal && seal->kind == kind) found.push_back(*seal);
    }
    return found;
  }
  /// The promises of R13: no number stands for two records; each seal stands behind a registration
  /// and behind every number that it tells of.
  void expect_promises() const {
    std::map<std::tuple<std::string, std::int64_t, std::int32_t, std::int64_t>, std::string> value;
    std::map<std::string, std::map<std::int32_t, bool>> registered;
    for (const Record& record : records) {
      const std::int32_t partition = record.partition.value;
      if (record.content_type == kSeal) {
        Result<Seal> seal = read_seal(record.value);
        ASSERT_TRUE(seal);
        registered[seal->producer][partition] = true;
        for (const EpochNumbers& numbers : seal->numbers) {
          const auto p = static_cast<std::size_t>(partition);
          if (p >= numbers.last.size()) continue;
          for (std::int64_t number = 1; number <= numbers.last[p]; ++number) {
            EXPECT_TRUE(value.contains({seal->producer, numbers.epoch, partition, number}))
                << "sealed, but not in: " << number << " of partition " << partition;
          }
        }
        continue;
      }
      if (!record.origin.numbered()) continue;
      EXPECT_TRUE(registered[record.producer][partition]);
      const std::tuple key{record.producer, record.origin.epoch, partition, record.origin.number};
      const auto [at, fresh] = value.emplace(key, record.value);
      EXPECT_TRUE(fresh || at->second == record.value) << "one number, two records";
    }
  }
  bool has(const std::string& text) const {
    for (const Record& record : records) {
      if (record.value == text) return true;
    }
    return false;
  }
};

/// Takes no record longer than `bytes_max`, as a broker does; and says so of the whole call.
class NarrowSink : public RecordSink {
 public:
  NarrowSink(RecordSink& into, std::size_t bytes_max) : into_(into), bytes_max_(bytes_max) {}
  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override {
    for (const OutRecord& record : records) {
      if (record.value.size() > bytes_max_) return Error{ErrorCode::invalid, "too large", ""};
    }
    return into_.append(records, deadline);
  }
  Result<std::int32_t> partition_count(Deadline deadline) override {
    return into_.partition_count(deadline);
  }

 private:
  RecordSink& into_;
  const std::size_t bytes_max_;
};

class ProducerTest : public testing::Test {
 protected:
  ProducerTest()
      : clock_(WallTime{1'700'000'000'000'000}), stream_(2, clock_), sink_(stream_.sink()) {
    options_.folder = "/spool";
    options_.topic = "requests";
    options_.name = "gw-1";
  }
  Result<std::unique_ptr<Producer>> try_open() {
    metrics_ = std::make_unique<Metrics>();
    return Producer::open(disk_, *sink_, options_, clock_, *metrics_);
  }
  std::unique_ptr<Producer> open() {
    Result<std::unique_ptr<Producer>> opened = try_open();
    EXPECT_TRUE(opened) << opened.error().text();
    return opened ? *std::move(opened) : nullptr;
  }
  /// Opened and registered.
  std::unique_ptr<Producer> begun() {
    std::unique_ptr<Producer> producer = open();
    const Status begun = producer->begin(soon());
    EXPECT_TRUE(begun) << begun.error().text();
    return producer;
  }
  static Status append(Producer& producer, std::int32_t partition, const std::string& value) {
    const OutRecord record{PartitionId{partition}, kJson, value, {}};
    Result<std::vector<Appended>> places = producer.append({&record, 1}, soon());
    return places ? Status{} : Status{places.error()};
  }
  static void forward_all(Producer& producer) {
    Result<bool> busy = true;
    while (busy && *busy) busy = producer.forward(soon());
    EXPECT_TRUE(busy) << busy.error().text();
  }

  ManualClock clock_;
  MemoryDisk disk_;
  MemoryStream stream_;
  std::unique_ptr<RecordSink> sink_;
  std::unique_ptr<Metrics> metrics_;
  ProducerOptions options_;
};

}  // namespace weir
