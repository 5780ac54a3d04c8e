// The writing end of a stream.
//
// RecordSink appends whole records and returns when the stream has them for good (acks=all from an
// idempotent producer). BatchWriter turns rows into records: grouped by partition of the
// subscription, one packed record a partition, JSON below kPackedRowsMin rows.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/codec/codec.h"
#include "ingest/event/request_batch.h"
#include "ingest/stream/record.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct OutRecord {
  PartitionId partition;
  std::string_view content_type;
  std::string_view value;  // lives until append() returns; so do origin's texts
  Origin origin = {};
};
struct Appended {
  Offset offset;
  AppendTime append_time;
};

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  /// All of `records`, in their order within a partition; returns their places, in their order.
  /// Errors: `full` (the bounded queue is full; nothing was appended), `unavailable` (nothing was
  /// appended), `in_doubt` (some may have been; appending again is safe for events, whose identity
  /// drops the copy), `invalid` (a record is too large). Threads: any.
  virtual Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                               Deadline deadline) = 0;
  virtual Result<std::int32_t> partition_count(Deadline deadline) = 0;
};

/// Below this many rows for a partition, a packed record does not pay (DESIGN §4).
constexpr std::size_t kPackedRowsMin = 500;
constexpr std::size_t kRecordRowsMax = 4096;
constexpr std::size_t kRecordBytesMax = 512u << 10;

/// Threads: one writer a thread; they may share a sink.
class BatchWriter {
 public:
  BatchWriter(RecordSink& sink, const IdentityKey& key);
  ~BatchWriter();
  /// Appends every row of `batch` (which has its detail). Rows without a subscription go by their
  /// id. Errors as RecordSink::append; after `in_doubt` the same batch may be written again.
  Status write(const RequestBatch& batch, Deadline deadline);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
