// Rows → application/vnd.weir.batch; the grammar is packed_format.md.
//
// Internal to this folder. Scratch memory is kept between calls.
#pragma once

#include "ingest/codec/packed.pb.h"
#include "ingest/codec/packed_writer.h"
#include "ingest/event/request_batch.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace weir {

class PackedEncoder {
 public:
  explicit PackedEncoder(const IdentityKey& key) : fingerprint_(key.fingerprint()) {}
  /// Replaces `out`. The batch has its detail; rows are within the limits of limits.h, and there
  /// are no more of them than kPackedRowsMax.
  void encode(const RequestBatch& batch, std::span<const std::uint32_t> rows, std::string& out);

 private:
  void usage(const RequestBatch& batch, std::span<const std::uint32_t> rows);
  void detail(const RequestBatch& batch, std::span<const std::uint32_t> rows);
  void quantities(const QuantityColumn& column, std::span<const std::uint32_t> rows);
  void identity(const std::vector<Identity>& column, std::span<const std::uint32_t> rows);
  void time(const std::vector<EventTime>& column, std::span<const std::uint32_t> rows);
  void dict(const DictColumn& column, std::span<const std::uint32_t> rows);
  template <class T>
  void ints(const std::vector<T>& column, std::span<const std::uint32_t> rows);

  std::uint64_t fingerprint_;
  packed::Envelope envelope_;
  PackedWriter writer_;
  std::string section_;
  std::vector<std::int64_t> values_;
  std::vector<Dictionary::Code> codes_;
};

}  // namespace weir
