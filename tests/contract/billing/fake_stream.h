// A stream in memory, as billing sees one: places for barriers, log ends, digests of records.
#pragma once

#include "billing/stream_eye.h"
#include "ingest/stream/sink.h"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace weir {

class FakeStream : public StreamEye, public RecordSink {
 public:
  FakeStream(std::int32_t partitions, std::function<std::int64_t()> clock_us)
      : ends_(static_cast<std::size_t>(partitions), 0), clock_us_(std::move(clock_us)) {}

  /// One more record; gives its offset.
  std::int64_t add(std::int32_t partition) { return ends_[static_cast<std::size_t>(partition)]++; }
  std::int64_t end(std::int32_t partition) const {
    return ends_[static_cast<std::size_t>(partition)];
  }
  std::int32_t partitions() const { return static_cast<std::int32_t>(ends_.size()); }
  static std::string digest(std::int32_t partition, std::int64_t offset) {
    return "digest-" + std::to_string(partition) + "-" + std::to_string(offset);
  }

  // Faults.
  void go_away(bool away) { away_ = away; }
  void skew_append_clock(std::int64_t by_us) { skew_us_ = by_us; }
  void truncate(std::int32_t partition, std::int64_t end) {
    ends_[static_cast<std::size_t>(partition)] = end;
  }
  void rewrite(std::int32_t partition, std::int64_t offset) {
    rewritten_[{partition, offset}] = "another record";
  }
  void add_partition() { ends_.push_back(0); }
  int barriers_written() const { return barriers_written_; }

  Result<StreamLook> look(Deadline) override {
    if (away_) return Error{ErrorCode::unavailable, "broker at nowhere: refused", ""};
    StreamLook look{"cluster-1", true, 2, {}};
    for (const std::int64_t end : ends_) look.partitions.push_back({0, end});
    return look;
  }

  Result<std::optional<std::string>> digest_at(std::int32_t partition, std::int64_t offset,
                                               Deadline) override {
    if (away_) return Error{ErrorCode::unavailable, "broker at nowhere: refused", ""};
    if (offset >= end(partition)) return std::optional<std::string>();
    const auto found = rewritten_.find({partition, offset});
    return std::optional<std::string>(found == rewritten_.end() ? digest(partition, offset)
                                                                : found->second);
  }

  Result<std::vector<Appended>> append(std::span<const OutRecord> records, Deadline) override {
    if (away_) return Error{ErrorCode::unavailable, "broker at nowhere: refused", ""};
    std::vector<Appended> places;
    for (const OutRecord& record : records) {
      ++barriers_written_;
      places.push_back({Offset(add(record.partition.value)), AppendTime(clock_us_() + skew_us_)});
    }
    return places;
  }
  Result<std::int32_t> partition_count(Deadline) override { return partitions(); }

 private:
  std::vector<std::int64_t> ends_;
  std::function<std::int64_t()> clock_us_;
  std::map<std::pair<std::int32_t, std::int64_t>, std::string> rewritten_;
  bool away_ = false;
  std::int64_t skew_us_ = 0;
  int barriers_written_ = 0;
};

}  // namespace weir
