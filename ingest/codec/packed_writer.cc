#include "ingest/codec/packed_writer.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace weir {
namespace {

static_assert(std::endian::native == std::endian::little, "packed sections are little-endian");

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

template <class Unsigned, class T>
void put_offsets(std::string& out, std::span<const T> values, T base) {
  std::size_t at = out.size();
  out.resize(at + values.size() * sizeof(Unsigned));
  char* to = out.data() + at;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Unsigned offset = static_cast<Unsigned>(static_cast<std::uint64_t>(values[i]) -
                                            static_cast<std::uint64_t>(base));
    std::memcpy(to + i * sizeof(Unsigned), &offset, sizeof(Unsigned));
  }
}

std::uint8_t width_of(std::uint64_t greatest) {
  if (greatest == 0) return 0;
  if (greatest <= 0xff) return 1;
  if (greatest <= 0xffff) return 2;
  return greatest <= 0xffffffff ? 4 : 8;
}

}  // namespace

void PackedWriter::ints(std::span<const std::int64_t> values) {
  std::int64_t base = 0;
  std::int64_t greatest = 0;
  if (!values.empty()) {
    auto [least_at, greatest_at] = std::minmax_element(values.begin(), values.end());
    base = *least_at;
    greatest = *greatest_at;
  }
  std::uint8_t width =
      width_of(static_cast<std::uint64_t>(greatest) - static_cast<std::uint64_t>(base));
  put(*out_, base);
  put(*out_, width);
  if (width == 1) put_offsets<std::uint8_t>(*out_, values, base);
  if (width == 2) put_offsets<std::uint16_t>(*out_, values, base);
  if (width == 4) put_offsets<std::uint32_t>(*out_, values, base);
  if (width == 8) put_offsets<std::uint64_t>(*out_, values, base);
}

std::uint32_t PackedWriter::local_code(Dictionary::Code code) {
  Local& local = locals_[code];
  if (local.stamp != stamp_) {
    local = {stamp_, static_cast<std::uint32_t>(used_.size())};
    used_.push_back(code);
  }
  return local.code;
}

void PackedWriter::codes(std::uint32_t count) {
  std::uint8_t width = width_of(count == 0 ? 0 : count - 1);
  std::span<const std::uint32_t> values = codes_;
  put(*out_, width);
  if (width == 1) put_offsets<std::uint8_t>(*out_, values, 0u);
  if (width == 2) put_offsets<std::uint16_t>(*out_, values, 0u);
  if (width == 4) put_offsets<std::uint32_t>(*out_, values, 0u);
}

void PackedWriter::dict(std::span<const Dictionary::Code> codes_of_rows,
                        const Dictionary& dictionary) {
  if (++stamp_ == 0) {
    std::fill(locals_.begin(), locals_.end(), Local{});
    stamp_ = 1;
  }
  if (locals_.size() < dictionary.size()) locals_.resize(dictionary.size());
  used_.clear();
  codes_.clear();
  for (Dictionary::Code code : codes_of_rows) codes_.push_back(local_code(code));
  lengths_.clear();
  for (Dictionary::Code code : used_) {
    lengths_.push_back(static_cast<std::int64_t>(dictionary.text_of(code).size()));
  }
  put(*out_, static_cast<std::uint32_t>(used_.size()));
  ints(lengths_);
  for (Dictionary::Code code : used_) out_->append(dictionary.text_of(code));
  codes(static_cast<std::uint32_t>(used_.size()));
}

void PackedWriter::texts(std::span<const std::uint32_t> rows, const TextColumn& column) {
  lengths_.clear();
  for (std::uint32_t row : rows) {
    lengths_.push_back(static_cast<std::int64_t>(column.at(row).size()));
  }
  ints(lengths_);
  for (std::uint32_t row : rows) out_->append(column.at(row));
}

}  // namespace weir
