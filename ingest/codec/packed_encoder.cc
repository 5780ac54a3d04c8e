#include "ingest/codec/packed_encoder.h"

#include "base/compress.h"
#include "ingest/codec/packed_limits.h"

#include <algorithm>
#include <string_view>

namespace weir {

void PackedEncoder::encode(const RequestBatch& batch, std::span<const std::uint32_t> rows,
                           std::string& out) {
  WEIR_CHECK(rows.size() <= kPackedRowsMax && (rows.empty() || batch.has_detail));
  envelope_.set_schema_version(kPackedVersion);
  envelope_.set_rows(static_cast<std::uint32_t>(rows.size()));
  envelope_.set_identity_key(fingerprint_);
  usage(batch, rows);
  envelope_.set_usage_bytes(static_cast<std::uint32_t>(section_.size()));
  WEIR_CHECK(section_.size() <= kSectionBytesMax);
  WEIR_CHECK(zstd_compress(section_, kPackedZstdLevel, *envelope_.mutable_usage()).ok());
  detail(batch, rows);
  envelope_.set_detail_bytes(static_cast<std::uint32_t>(section_.size()));
  WEIR_CHECK(section_.size() <= kSectionBytesMax);
  WEIR_CHECK(zstd_compress(section_, kPackedZstdLevel, *envelope_.mutable_detail()).ok());
  out.clear();
  WEIR_CHECK(envelope_.SerializeToString(&out));
}

void PackedEncoder::usage(const RequestBatch& batch, std::span<const std::uint32_t> rows) {
  section_.clear();
  writer_.begin(section_);
  identity(batch.identity, rows);
  time(batch.time, rows);
  dict(batch.tenant, rows);
  dict(batch.subscription, rows);
  ints(batch.units, rows);
  quantities(batch.quantities, rows);
  dict(batch.api, rows);
  dict(batch.route, rows);
  dict(batch.method, rows);
  ints(batch.status, rows);
}

void PackedEncoder::detail(const RequestBatch& batch, std::span<const std::uint32_t> rows) {
  section_.clear();
  writer_.begin(section_);
  dict(batch.source, rows);
  writer_.texts(rows, batch.id);
  writer_.texts(rows, batch.path);
  ints(batch.latency_us, rows);
  ints(batch.upstream_latency_us, rows);
  ints(batch.request_bytes, rows);
  ints(batch.response_bytes, rows);
  dict(batch.client, rows);
  dict(batch.country, rows);
  dict(batch.user_agent, rows);
  dict(batch.gateway, rows);
  dict(batch.error, rows);
  writer_.texts(rows, batch.trace_id);
}

void PackedEncoder::identity(const std::vector<Identity>& column,
                             std::span<const std::uint32_t> rows) {
  static_assert(sizeof(Identity) == 16);
  for (std::uint32_t row : rows) {
    writer_.bytes({reinterpret_cast<const char*>(&column[row]), sizeof(Identity)});
  }
}

void PackedEncoder::time(const std::vector<EventTime>& column,
                         std::span<const std::uint32_t> rows) {
  values_.clear();
  for (std::uint32_t row : rows) values_.push_back(column[row].value);
  writer_.ints(values_);
  auto [least, greatest] = std::minmax_element(values_.begin(), values_.end());
  envelope_.set_time_min_us(values_.empty() ? 0 : *least);
  envelope_.set_time_max_us(values_.empty() ? 0 : *greatest);
}

template <class T>
void PackedEncoder::ints(const std::vector<T>& column, std::span<const std::uint32_t> rows) {
  values_.clear();
  for (std::uint32_t row : rows) values_.push_back(column[row]);
  writer_.ints(values_);
}

void PackedEncoder::dict(const DictColumn& column, std::span<const std::uint32_t> rows) {
  codes_.clear();
  for (std::uint32_t row : rows) codes_.push_back(column.code_at(row));
  writer_.dict(codes_, column.dictionary());
}

void PackedEncoder::quantities(const QuantityColumn& column, std::span<const std::uint32_t> rows) {
  values_.clear();
  codes_.clear();
  for (std::uint32_t row : rows) {
    values_.push_back(column.end(row) - column.begin(row));
    for (std::uint32_t entry = column.begin(row); entry < column.end(row); ++entry) {
      codes_.push_back(column.name_code(entry));
    }
  }
  writer_.ints(values_);
  writer_.dict(codes_, column.names());
  values_.clear();
  for (std::uint32_t row : rows) {
    for (std::uint32_t entry = column.begin(row); entry < column.end(row); ++entry) {
      values_.push_back(column.value(entry));
    }
  }
  writer_.ints(values_);
}

}  // namespace weir
