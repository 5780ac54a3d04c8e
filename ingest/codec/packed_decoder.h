// application/vnd.weir.batch → rows; the grammar is packed_format.md.
//
// Internal to this folder. Columns go from the section into the batch's columns by straight loops;
// a string column's texts are looked at once a record, not once a row (`remap`: code in the record
// → code in the batch). A row that is over a limit is remembered as a fault and dropped at the end.
#pragma once

#include "ingest/codec/packed_envelope.h"
#include "ingest/codec/packed_reader.h"
#include "ingest/codec/row_writer.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class PackedDecoder {
 public:
  explicit PackedDecoder(const IdentityKey& key) : fingerprint_(key.fingerprint()) {}
  void decode(std::string_view bytes, const DecodeContext& context, RequestBatch& into,
              DecodeReport& report, RowWriter& writer);

 private:
  struct RowFault {
    std::uint32_t row;
    std::string_view reason, field;
  };
  enum class Text { identifier, required, free };
  struct Column {
    std::string_view field;
    std::size_t bytes_max;
    Text kind;
    std::string_view must_be = {};  // any text when empty
  };

  bool fail(std::string_view reason, std::string_view field);
  bool check_envelope();
  bool open(std::string_view section, std::uint32_t claimed, std::string_view field);
  bool read_usage(RequestBatch& into);
  bool read_usage_columns(PackedReader& in, RequestBatch& into);
  bool read_detail(RequestBatch& into);
  bool read_detail_columns(PackedReader& in, RequestBatch& into);

  bool identity(PackedReader& in, std::vector<Identity>& into);
  bool time(PackedReader& in, std::vector<EventTime>& into);
  bool units(PackedReader& in, std::vector<std::int64_t>& into);
  bool status(PackedReader& in, std::vector<std::uint16_t>& into);
  bool measure(PackedReader& in, std::string_view field, std::vector<std::int64_t>& into);
  bool quantities(PackedReader& in, QuantityColumn& into);
  bool dict(PackedReader& in, std::size_t n, const Column& column, DictColumn& into);
  bool dict_texts(PackedReader& in, std::size_t n, const Column& column, Dictionary& into);
  bool texts(PackedReader& in, const Column& column, TextColumn& into);

  std::string_view check_text(std::string_view text, const Column& column) const;
  std::string_view check_row_text(std::string_view text, const Column& column,
                                  bool is_utf8_already) const;
  void fault(std::size_t row, std::string_view reason, std::string_view field);
  void faults_of_entries(const QuantityColumn& column, std::size_t first_fault);
  void check_tenants(const RequestBatch& into);
  void drop_faulty_rows(RequestBatch& into, DecodeReport& report);

  std::uint64_t fingerprint_;
  // of the record being read
  const DecodeContext* context_ = nullptr;
  PackedEnvelope envelope_;
  std::size_t start_ = 0;  // rows of the batch before it
  std::string_view fault_reason_, fault_field_;
  std::vector<RowFault> faults_;
  // kept for their memory
  std::string section_;
  std::vector<std::int64_t> values_;
  std::vector<std::int64_t> lengths_;
  std::vector<std::uint32_t> codes_;
  std::vector<std::uint32_t> remap_;
  std::vector<std::string_view> text_faults_;  // by code in the record; empty when all are good
  RequestBatch kept_;
};

}  // namespace weir
