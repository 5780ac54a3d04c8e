// Where every decoder ends: a checked event becomes a row, a refused one a rejection.
//
// Internal to this folder. One writer serves one call of decode(): it counts the events, keeps
// `row_index` in step once there is a rejection, and takes everything back when the record turns
// out unreadable.
#pragma once

#include "ingest/codec/codec.h"

#include <cstddef>
#include <string_view>

namespace weir {

class RowWriter {
 public:
  RowWriter(const IdentityKey& key, const DecodeContext& context, RequestBatch& into,
            DecodeReport& report);

  /// Applies the tenant rule and the limits, then appends. `has_time`: the event bore one.
  void write(RequestRow& row, bool has_time);
  /// Fill in reason, field and detail of this, then call refused().
  Rejection& why() { return why_; }
  void refused();
  /// The record cannot be read: the batch is as before, the report says only this.
  void whole(std::string_view reason, std::string_view field, std::string_view detail);
  void count_unknown(std::uint64_t fields) { report_.unknown_fields += fields; }

  const DecodeContext& context() const { return context_; }

 private:
  bool settle_tenant(RequestRow& row);

  const IdentityKey& key_;
  const DecodeContext& context_;
  RequestBatch& into_;
  DecodeReport& report_;
  std::size_t start_;  // rows of the batch before the record
  Rejection why_;
};

}  // namespace weir
