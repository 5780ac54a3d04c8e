#include "ingest/codec/codec.h"
#include "ingest/codec/json_encoder.h"
#include "ingest/codec/packed_encoder.h"

#include <numeric>

namespace weir {

using RowNumbers = std::span<const std::uint32_t>;

struct Encoder::State {
  explicit State(const IdentityKey& key) : packed(key) {}
  PackedEncoder packed;
  std::vector<std::uint32_t> range;
  std::vector<RequestRow::Quantity> quantities;

  RowNumbers rows(std::size_t from, std::size_t to) {
    range.resize(to - from);
    std::iota(range.begin(), range.end(), static_cast<std::uint32_t>(from));
    return range;
  }

  // One row: an object. Any other number: an array.
  template <class Append>
  void object_or_array(const RequestBatch& batch, RowNumbers numbers, std::string& out,
                       Append append) {
    out.clear();
    if (numbers.size() != 1) out.push_back('[');
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (i > 0) out.push_back(',');
      append(row_at(batch, numbers[i], quantities), out);
    }
    if (numbers.size() != 1) out.push_back(']');
  }
};

Encoder::Encoder(const IdentityKey& key) : state_(std::make_unique<State>(key)) {}
Encoder::~Encoder() = default;

void Encoder::json(const RequestBatch& batch, std::size_t from, std::size_t to, std::string& out) {
  json_rows(batch, state_->rows(from, to), out);
}

void Encoder::json_rows(const RequestBatch& batch, RowNumbers rows, std::string& out) {
  state_->object_or_array(batch, rows, out, json::append_event);
}

void Encoder::ndjson(const RequestBatch& batch, std::size_t from, std::size_t to,
                     std::string& out) {
  out.clear();
  for (std::size_t row = from; row < to; ++row) {
    json::append_event(row_at(batch, row, state_->quantities), out);
    out.push_back('\n');
  }
}

void Encoder::cloud_events(const RequestBatch& batch, std::size_t from, std::size_t to,
                           std::string& out) {
  state_->object_or_array(batch, state_->rows(from, to), out, json::append_cloud_event);
}

void Encoder::packed(const RequestBatch& batch, std::size_t from, std::size_t to,
                     std::string& out) {
  packed_rows(batch, state_->rows(from, to), out);
}

void Encoder::packed_rows(const RequestBatch& batch, RowNumbers rows, std::string& out) {
  state_->packed.encode(batch, rows, out);
}

}  // namespace weir
