#include "analytics/segment_columns.h"

namespace weir {
namespace {

constexpr std::size_t kDictionaries = 12;  // of a segment, quantity names included

constexpr std::string_view kDimensionNames[Rollup::kDimensions] = {"tenant", "api", "route",
                                                                   "method", "subscription"};

Texts texts_of(const TextColumn& column) { return {column.text_bytes(), column.ends()}; }

}  // namespace

void select_rows(const CommitBatch& batch, std::vector<std::uint32_t>& rows) {
  rows.clear();
  for (std::uint32_t row = 0; row < batch.rows.rows(); ++row) {
    if (batch.verdict[row] != Verdict::duplicate) rows.push_back(row);
  }
}

std::span<const std::string_view> SegmentColumns::texts(const Dictionary& dictionary) {
  WEIR_CHECK(texts_.size() < texts_.capacity());  // spans into earlier ones stay valid
  std::vector<std::string_view>& texts = texts_.emplace_back();
  texts.reserve(dictionary.size());
  for (Dictionary::Code code = 0; code < dictionary.size(); ++code) {
    texts.push_back(dictionary.text_of(code));
  }
  return texts;
}

std::vector<ParquetColumn> SegmentColumns::of(const CommitBatch& batch) {
  const RequestBatch& rows = batch.rows;
  WEIR_CHECK(rows.has_detail && batch.address.size() == rows.rows());
  texts_.clear();
  texts_.reserve(kDictionaries);
  time_us_.clear();
  append_time_us_.clear();
  offset_.clear();
  incarnation_.clear();
  partition_.clear();
  record_row_.clear();
  unprovable_.clear();
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    time_us_.push_back(rows.time[row].value);
    append_time_us_.push_back(batch.append_time[row].value);
    offset_.push_back(batch.address[row].offset.value);
    incarnation_.push_back(batch.address[row].incarnation.value);
    partition_.push_back(batch.ranges[batch.range_of[row]].partition.value);
    record_row_.push_back(static_cast<std::int32_t>(batch.address[row].row));
    unprovable_.push_back(batch.verdict[row] == Verdict::unprovable);
  }
  auto coded = [&](const DictColumn& column) {
    return Codes{column.codes(), texts(column.dictionary())};
  };
  const QuantityColumn& quantities = rows.quantities;
  return {
      {"time_us", Int64s{time_us_}},
      {"append_time_us", Int64s{append_time_us_}},
      {"incarnation", Int32s{incarnation_}},
      {"stream_partition", Int32s{partition_}},
      {"stream_offset", Int64s{offset_}},
      {"record_row", Int32s{record_row_}},
      {"unprovable", Bools{unprovable_}},
      {"tenant", coded(rows.tenant)},
      {"source", coded(rows.source)},
      {"id", texts_of(rows.id)},
      {"subscription", coded(rows.subscription)},
      {"units", Int64s{rows.units}},
      {"quantities", Maps{quantities.ends(), quantities.name_column().codes(),
                          texts(quantities.names()), quantities.values()}},
      {"api", coded(rows.api)},
      {"route", coded(rows.route)},
      {"method", coded(rows.method)},
      {"status", UInt16s{rows.status, std::uint16_t{0}}},
      {"path", texts_of(rows.path)},
      {"latency_us", Int64s{rows.latency_us, kAbsent}},
      {"upstream_latency_us", Int64s{rows.upstream_latency_us, kAbsent}},
      {"request_bytes", Int64s{rows.request_bytes, kAbsent}},
      {"response_bytes", Int64s{rows.response_bytes, kAbsent}},
      {"client", coded(rows.client)},
      {"country", coded(rows.country)},
      {"user_agent", coded(rows.user_agent)},
      {"gateway", coded(rows.gateway)},
      {"error", coded(rows.error)},
      {"trace_id", texts_of(rows.trace_id)},
  };
}

void RollupColumns::fill_texts(const RequestBatch& batch) {
  const DictColumn* columns[Rollup::kDimensions] = {&batch.tenant, &batch.api, &batch.route,
                                                    &batch.method, &batch.subscription};
  for (int d = 0; d < Rollup::kDimensions; ++d) {
    texts_[d] = texts_with_other(columns[d]->dictionary());
  }
}

std::vector<ParquetColumn> RollupColumns::counts(const RequestBatch& batch, const Rollup& rollup) {
  fill_texts(batch);
  std::vector<ParquetColumn> columns = {{"minute_us", Int64s{rollup.minute_us()}}};
  for (int d = 0; d < Rollup::kDimensions; ++d) {
    auto codes = rollup.codes(static_cast<Rollup::Dimension>(d));
    columns.push_back({std::string(kDimensionNames[d]), Codes{codes, texts_[d]}});
  }
  columns.push_back({"status_class", Int32s{rollup.status_class()}});
  columns.push_back({"requests", Int64s{rollup.requests()}});
  columns.push_back({"units", Int128s{rollup.units()}});
  columns.push_back({"request_bytes", Int128s{rollup.request_bytes()}});
  columns.push_back({"response_bytes", Int128s{rollup.response_bytes()}});
  columns.push_back({"latency_sum_us", Int128s{rollup.latency_sum_us()}});
  columns.push_back({"latency_count", Int64s{rollup.latency_count()}});
  return columns;
}

std::vector<ParquetColumn> RollupColumns::histogram(const RequestBatch& batch,
                                                    const Rollup& rollup) {
  fill_texts(batch);
  minute_us_.clear();
  status_class_.clear();
  for (auto& codes : codes_) codes.clear();
  for (std::uint32_t group : rollup.histogram_group()) {
    minute_us_.push_back(rollup.minute_us()[group]);
    status_class_.push_back(rollup.status_class()[group]);
    for (int d = 0; d < Rollup::kDimensions; ++d) {
      codes_[d].push_back(rollup.codes(static_cast<Rollup::Dimension>(d))[group]);
    }
  }
  std::vector<ParquetColumn> columns = {{"minute_us", Int64s{minute_us_}}};
  for (int d = 0; d < Rollup::kDimensions; ++d) {
    columns.push_back({std::string(kDimensionNames[d]), Codes{codes_[d], texts_[d]}});
  }
  columns.push_back({"status_class", Int32s{status_class_}});
  columns.push_back({"bucket", Int32s{rollup.histogram_bucket()}});
  columns.push_back({"n", Int64s{rollup.histogram_count()}});
  return columns;
}

}  // namespace weir
