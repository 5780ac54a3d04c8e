// The parts of a packed section, as packed_format.md has them, appended to a text.
//
// Internal to this folder.
#pragma once

#include "ingest/event/columns.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class PackedWriter {
 public:
  /// Appends to `out` from here on.
  void begin(std::string& out) { out_ = &out; }
  void bytes(std::string_view text) { out_->append(text); }
  void ints(std::span<const std::int64_t> values);
  /// dict of the texts that `codes` name in `dictionary`.
  void dict(std::span<const Dictionary::Code> codes, const Dictionary& dictionary);
  /// The texts of the given rows.
  void texts(std::span<const std::uint32_t> rows, const TextColumn& column);

 private:
  std::uint32_t local_code(Dictionary::Code code);
  void codes(std::uint32_t count);

  std::string* out_ = nullptr;
  // Code in the batch → code in the record, valid where the stamp is this column's: no column has
  // to wipe the table of the one before.
  struct Local {
    std::uint32_t stamp = 0;
    std::uint32_t code = 0;
  };
  std::vector<Local> locals_;
  std::uint32_t stamp_ = 0;
  std::vector<Dictionary::Code> used_;  // by code in the record: the code in the batch
  std::vector<std::uint32_t> codes_;    // by row: the code in the record
  std::vector<std::int64_t> lengths_;
};

}  // namespace weir
