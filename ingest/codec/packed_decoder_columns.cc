// The columns of PackedDecoder, one kind each.
#include "ingest/codec/packed_decoder.h"
#include "ingest/event/check.h"

#include <algorithm>
#include <cstring>
#include <simdjson.h>

namespace weir {
namespace {

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

bool starts_inside_a_character(std::string_view text) {
  return !text.empty() && (static_cast<unsigned char>(text[0]) & 0xC0) == 0x80;
}

}  // namespace

bool PackedDecoder::identity(PackedReader& in, std::vector<Identity>& into) {
  static_assert(sizeof(Identity) == 16 && std::is_trivially_copyable_v<Identity>);
  std::string_view bytes;
  if (!in.bytes(std::size_t{envelope_.rows} * sizeof(Identity), bytes)) return false;
  into.resize(start_ + envelope_.rows);
  if (!bytes.empty()) std::memcpy(&into[start_], bytes.data(), bytes.size());
  return true;
}

bool PackedDecoder::time(PackedReader& in, std::vector<EventTime>& into) {
  if (!in.ints(envelope_.rows, values_)) return false;
  into.resize(start_ + envelope_.rows);
  std::int64_t least = values_.empty() ? envelope_.time_min_us : values_[0];
  std::int64_t greatest = values_.empty() ? envelope_.time_max_us : values_[0];
  for (std::size_t row = 0; row < values_.size(); ++row) {
    least = std::min(least, values_[row]);
    greatest = std::max(greatest, values_[row]);
    into[start_ + row] = EventTime(values_[row]);
  }
  // Consumers may go by the envelope's bounds alone.
  if (least != envelope_.time_min_us || greatest != envelope_.time_max_us) return in.malformed();
  if (least >= 0 && greatest <= context_->latest.value) return true;
  for (std::size_t row = 0; row < values_.size(); ++row) {
    std::string_view why = check_time(EventTime(values_[row]), context_->latest);
    if (!why.empty()) fault(row, why, "time");
  }
  return true;
}

bool PackedDecoder::units(PackedReader& in, std::vector<std::int64_t>& into) {
  if (!in.ints(envelope_.rows, values_)) return false;
  for (std::size_t row = 0; row < values_.size(); ++row) {
    if (!check_units(values_[row]).empty()) fault(row, reason::kOutOfRange, "units");
  }
  into.insert(into.end(), values_.begin(), values_.end());
  return true;
}

bool PackedDecoder::status(PackedReader& in, std::vector<std::uint16_t>& into) {
  if (!in.ints(envelope_.rows, values_)) return false;
  into.resize(start_ + envelope_.rows);
  for (std::size_t row = 0; row < values_.size(); ++row) {
    if (!check_status(values_[row]).empty()) fault(row, reason::kOutOfRange, "status");
    into[start_ + row] = static_cast<std::uint16_t>(values_[row]);
  }
  return true;
}

bool PackedDecoder::measure(PackedReader& in, std::string_view field,
                            std::vector<std::int64_t>& into) {
  if (!in.ints(envelope_.rows, values_)) return false;
  for (std::size_t row = 0; row < values_.size(); ++row) {
    if (!check_measure(values_[row]).empty()) fault(row, reason::kOutOfRange, field);
  }
  into.insert(into.end(), values_.begin(), values_.end());
  return true;
}

bool PackedDecoder::quantities(PackedReader& in, QuantityColumn& into) {
  if (!in.ints(envelope_.rows, values_)) return false;
  std::size_t entries = 0;
  for (std::int64_t count : values_) {
    if (count < 0 || count > static_cast<std::int64_t>(kQuantitiesMax)) return in.malformed();
    entries += static_cast<std::size_t>(count);
  }
  std::uint32_t end = static_cast<std::uint32_t>(into.values().size());
  for (std::int64_t count : values_) {
    end += static_cast<std::uint32_t>(count);
    into.mutable_ends().push_back(end);
  }
  std::size_t first_fault = faults_.size();
  Column names{"quantities", kNameBytesMax, Text::required};
  if (!dict(in, entries, names, into.mutable_name_column())) return false;
  if (!in.ints(entries, values_)) return false;
  for (std::size_t entry = 0; entry < entries; ++entry) {
    if (!check_units(values_[entry]).empty()) fault(entry, reason::kOutOfRange, "quantities");
  }
  into.mutable_values().insert(into.mutable_values().end(), values_.begin(), values_.end());
  faults_of_entries(into, first_fault);
  return true;
}

// The faults from `first_fault` on name entries: makes them name the rows that hold these.
void PackedDecoder::faults_of_entries(const QuantityColumn& column, std::size_t first_fault) {
  auto ends = column.ends().subspan(start_);
  std::uint32_t first_entry = start_ == 0 ? 0 : column.end(start_ - 1);
  for (std::size_t i = first_fault; i < faults_.size(); ++i) {
    auto row = std::upper_bound(ends.begin(), ends.end(), first_entry + faults_[i].row);
    faults_[i].row = static_cast<std::uint32_t>(row - ends.begin());
  }
}

std::string_view PackedDecoder::check_text(std::string_view text, const Column& column) const {
  if (column.kind == Text::required && text.empty()) return reason::kMissing;
  if (!column.must_be.empty() && text != column.must_be) return reason::kTenantMismatch;
  if (!is_utf8(text)) return reason::kBadUtf8;
  return column.kind == Text::free ? check_free_text(text, column.bytes_max)
                                   : check_identifier(text, column.bytes_max);
}

bool PackedDecoder::dict(PackedReader& in, std::size_t n, const Column& column, DictColumn& into) {
  if (!dict_texts(in, n, column, into.mutable_dictionary())) return false;
  if (!in.codes(n, static_cast<std::uint32_t>(remap_.size()), codes_)) return false;
  std::vector<Dictionary::Code>& to = into.mutable_codes();
  std::size_t at = to.size();
  to.resize(at + n);
  for (std::size_t i = 0; i < n; ++i) to[at + i] = remap_[codes_[i]];
  if (text_faults_.empty()) return true;
  for (std::size_t i = 0; i < n; ++i) {
    std::string_view why = text_faults_[codes_[i]];
    if (!why.empty()) fault(i, why, column.field);
  }
  return true;
}

// Fills remap_ and text_faults_. A text that is refused never enters the batch's dictionary.
bool PackedDecoder::dict_texts(PackedReader& in, std::size_t n, const Column& column,
                               Dictionary& into) {
  std::uint32_t count = 0;
  std::size_t total = 0;
  std::string_view bytes;
  if (!in.u32(count)) return false;
  if (count > n) return in.malformed();
  if (!in.lengths(count, lengths_, total) || !in.bytes(total, bytes)) return false;
  remap_.resize(count);
  text_faults_.clear();
  for (std::size_t code = 0; code < count; ++code) {
    std::string_view text = bytes.substr(0, static_cast<std::size_t>(lengths_[code]));
    bytes.remove_prefix(text.size());
    std::string_view why = check_text(text, column);
    remap_[code] = into.code_of(why.empty() ? text : std::string_view{});
    if (why.empty()) continue;
    text_faults_.resize(count);
    text_faults_[code] = why;
  }
  return true;
}

bool PackedDecoder::texts(PackedReader& in, const Column& column, TextColumn& into) {
  std::size_t total = 0;
  std::string_view bytes;
  if (!in.lengths(envelope_.rows, lengths_, total) || !in.bytes(total, bytes)) return false;
  std::vector<char>& arena = into.mutable_text_bytes();
  WEIR_CHECK(total <= UINT32_MAX - arena.size());
  std::uint32_t end = static_cast<std::uint32_t>(arena.size());
  arena.insert(arena.end(), bytes.begin(), bytes.end());
  // One look at all the bytes: a row then needs only to begin and end between two characters.
  bool all_utf8 = is_utf8(bytes);
  for (std::size_t row = 0; row < envelope_.rows; ++row) {
    std::string_view text = bytes.substr(0, static_cast<std::size_t>(lengths_[row]));
    bytes.remove_prefix(text.size());
    end += static_cast<std::uint32_t>(text.size());
    into.mutable_ends().push_back(end);
    bool whole = !starts_inside_a_character(text) && !starts_inside_a_character(bytes);
    std::string_view why = check_row_text(text, column, all_utf8 && whole);
    if (!why.empty()) fault(row, why, column.field);
  }
  return true;
}

std::string_view PackedDecoder::check_row_text(std::string_view text, const Column& column,
                                               bool is_utf8_already) const {
  if (!is_utf8_already) return check_text(text, column);
  if (column.kind == Text::required && text.empty()) return reason::kMissing;
  return column.kind == Text::free ? check_free_text(text, column.bytes_max)
                                   : check_identifier(text, column.bytes_max);
}

}  // namespace weir
