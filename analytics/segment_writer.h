// The rows of a commit → a segment, a rollup and a histogram file, each durable under its name.
//
// Written are the rows that count: fresh ones, and unprovable ones with `unprovable` true (they are
// so late that the identity index cannot vouch for them; analytics has no money to protect, so it
// shows them, marked and counted). Duplicates are left out.
//
// A file is written aside (".tmp"), synced, renamed, its folder synced. It counts for nothing until
// a catalogue row names it. Columns of a segment (the identity hash is not kept: tenant, source and
// id are):
//
//   time_us append_time_us incarnation stream_partition stream_offset record_row unprovable
//   tenant source id subscription units quantities api route method status path latency_us
//   upstream_latency_us request_bytes response_bytes client country user_agent gateway error
//   trace_id
//
// Absent statuses, latencies and sizes are NULL; absent strings are "". Threads: one.
#pragma once

#include "analytics/data_file.h"
#include "analytics/rollup.h"
#include "analytics/volume.h"
#include "ingest/stream/handler.h"
#include "storage/duckdb/duck.h"

#include <memory>
#include <vector>

namespace weir {

struct SegmentWriterOptions {
  std::size_t rollup_groups_max = 40'000;         // a minute, a commit
  std::size_t rollup_tenant_groups_max = 10'000;  // of them, one tenant's
  std::int64_t memory_bytes_max = 512 << 20;
};

class SegmentWriter {
 public:
  static Result<SegmentWriter> open(const AnalyticsVolume& volume, FileOwner& owner,
                                    SegmentWriterOptions options);
  SegmentWriter(SegmentWriter&&) noexcept;
  SegmentWriter& operator=(SegmentWriter&&) noexcept;
  ~SegmentWriter();

  /// Empty when no row of the batch counts. On error nothing is left behind that outlives the next
  /// start. Errors as DuckConnection::query and publish_file.
  Result<std::vector<DataFile>> write(const CommitBatch& batch, Deadline deadline);
  /// Of files that write() gave and that no row will name. What cannot be removed is an orphan.
  void discard(const std::vector<DataFile>& files);
  /// Counted rows of the last write(), by range of its batch.
  const std::vector<std::int64_t>& rows_by_range() const;

 private:
  struct State;
  explicit SegmentWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
