// BatchFilling: fills one CommitBatch with records, record by record.
//
// Decodes into the batch's columns, quarantines what cannot be applied, asks the identity index for
// each row's verdict, and keeps a range for every partition that takes part. Beside the events it
// gathers what records say of themselves (batch_origin.cc): their producer's number, seals, redrives.
// Its memory is kept from batch to batch: in steady state nothing is allocated per event. Threads:
// one.
#pragma once

#include "ingest/codec/codec.h"
#include "ingest/stream/consumer_loop.h"
#include "ingest/stream/partition_reader.h"
#include "ingest/stream/route_check.h"

#include <cstdint>
#include <vector>

namespace weir {

class BatchFilling {
 public:
  BatchFilling(const IdentityKey& key, Sections sections, const LoopOptions& options)
      : decoder_(key), sections_(sections), options_(options) {}

  /// Takes one record of a live partition. An error is the index's, and the batch is then spoiled:
  /// it must be cleared, and its partitions loaded anew.
  Status add(PartitionReader& reader, const StreamRecord& record, std::int32_t partitions);
  /// Reading passed up to `to` without meeting a record.
  void pass(PartitionReader& reader, Offset to);
  /// The partition takes part, if only with what reader.gap, sealed and expired say.
  void join(PartitionReader& reader) { range_of(reader); }

  bool empty() const { return batch_.ranges.empty(); }
  /// A bound of rows or bytes is reached.
  bool full() const;
  /// The partitions that take part.
  const std::vector<PartitionReader*>& members() const { return members_; }
  std::int64_t rows_in_flight() const;

  /// Completes the ranges (order, anchors, what the readers carry). May be called again for the same
  /// batch; valid until add(), pass(), join() or clear().
  const CommitBatch& finish();
  void clear();

 private:
  std::uint32_t range_of(PartitionReader& reader);
  Status take_events(PartitionReader& reader, const StreamRecord& record, std::int32_t partitions,
                     std::uint32_t range);
  void take_rejections(const StreamRecord& record, RangeCounts& counts);
  void take_misrouted(const StreamRecord& record, std::int32_t partitions, std::size_t base,
                      RangeCounts& counts);
  void number_rows(std::size_t base);
  void drop_rows(std::size_t base);
  Status classify(PartitionReader& reader, const StreamRecord& record, std::size_t base,
                  std::uint32_t range);
  void take_sources(const StreamRecord& record, std::size_t base);
  void quarantine(const StreamRecord& record, Quarantined entry, RangeCounts& counts);
  // batch_origin.cc
  void take_number(Range& range, const Origin& origin, Offset offset);
  void take_seal(const StreamRecord& record, RangeCounts& counts);
  void refuse_record(const StreamRecord& record, const char* field, std::string detail,
                     RangeCounts& counts);
  void require_one_event(const StreamRecord& record, std::size_t base);
  void take_redrive(const StreamRecord& record, std::size_t base);
  void sort_ranges();
  void measure(const StreamRecord& record);

  Decoder decoder_;
  const Sections sections_;
  const LoopOptions& options_;

  CommitBatch batch_;
  std::vector<PartitionReader*> members_;  // of batch_.ranges, same order
  std::vector<std::uint32_t> range_by_partition_;
  std::size_t besides_bytes_ = 0;     // of all that is no row: quarantined, numbers, seals
  std::size_t rows_bytes_ = 0;        // as last measured
  std::size_t unmeasured_bytes_ = 0;  // of records since then

  // of the record in hand
  DecodeReport report_;
  std::vector<std::uint32_t> row_index_;  // in the record, of each row that is kept
  std::vector<std::uint32_t> misrouted_;
  bool raw_kept_ = false;

  RouteCheck routes_;
  RequestBatch spare_;  // for the rare record of which rows are dropped, or whose detail is wanted
  DecodeReport spare_report_;
  std::vector<std::uint32_t> order_;
};

}  // namespace weir
