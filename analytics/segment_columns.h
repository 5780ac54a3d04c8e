// A commit's rows as Parquet columns: spans into the batch and into scratch that is kept.
#pragma once

#include "analytics/rollup.h"
#include "ingest/stream/handler.h"
#include "storage/duckdb/parquet_writer.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace weir {

/// Rows of the batch that become segment rows, ascending.
void select_rows(const CommitBatch& batch, std::vector<std::uint32_t>& rows);

/// Columns that a batch holds in another shape than the file.
class SegmentColumns {
 public:
  /// All columns of a segment; the spans live until the next call or until `batch` changes.
  std::vector<ParquetColumn> of(const CommitBatch& batch);

 private:
  std::span<const std::string_view> texts(const Dictionary& dictionary);
  std::vector<std::int64_t> time_us_, append_time_us_, offset_;
  std::vector<std::int32_t> incarnation_, partition_, record_row_;
  std::vector<std::uint8_t> unprovable_;
  std::vector<std::vector<std::string_view>> texts_;
};

/// Columns of the two rollup files.
class RollupColumns {
 public:
  std::vector<ParquetColumn> counts(const RequestBatch& batch, const Rollup& rollup);
  std::vector<ParquetColumn> histogram(const RequestBatch& batch, const Rollup& rollup);

 private:
  void fill_texts(const RequestBatch& batch);
  std::vector<std::string_view> texts_[Rollup::kDimensions];
  std::vector<std::int64_t> minute_us_;
  std::vector<std::uint32_t> codes_[Rollup::kDimensions];
  std::vector<std::int32_t> status_class_;
};

}  // namespace weir
