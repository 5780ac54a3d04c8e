#include "ingest/event/columns.h"

#define XXH_INLINE_ALL
#include "base/result.h"

#include <algorithm>
#include <limits>
#include <xxhash.h>

namespace weir {
namespace {

constexpr std::size_t kSlotsMin = 64;

std::uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

}  // namespace

void TextColumn::append(std::string_view text) {
  WEIR_CHECK(text.size() <= std::numeric_limits<std::uint32_t>::max() - bytes_.size());
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
}

void TextColumn::append_range(const TextColumn& other, std::size_t from, std::size_t to) {
  if (from >= to) return;
  std::size_t begin = from == 0 ? 0 : other.ends_[from - 1];
  std::size_t length = other.ends_[to - 1] - begin;
  WEIR_CHECK(length <= std::numeric_limits<std::uint32_t>::max() - bytes_.size());
  // Unsigned arithmetic: the shift may be "negative", and wraps back.
  std::uint32_t shift = static_cast<std::uint32_t>(bytes_.size() - begin);
  bytes_.insert(bytes_.end(), other.bytes_.data() + begin, other.bytes_.data() + begin + length);
  for (std::size_t row = from; row < to; ++row) ends_.push_back(other.ends_[row] + shift);
}

void TextColumn::clear() {
  bytes_.clear();
  ends_.clear();
}

void TextColumn::truncate(std::size_t rows) {
  if (rows >= ends_.size()) return;
  bytes_.resize(rows == 0 ? 0 : ends_[rows - 1]);
  ends_.resize(rows);
}

Dictionary::Code Dictionary::code_of(std::string_view text) {
  if (slots_.empty() || (texts_.size() + 1) * 2 > slots_.size()) grow();
  std::uint64_t hash = hash_of(text);
  std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    Code code = slots_[slot];
    if (code == kNone) {
      code = static_cast<Code>(texts_.size());
      texts_.append(text);
      hashes_.push_back(hash);
      slots_[slot] = code;
      return code;
    }
    if (hashes_[code] == hash && texts_.at(code) == text) return code;
  }
}

Dictionary::Code Dictionary::find(std::string_view text) const {
  if (slots_.empty()) return kNone;
  std::uint64_t hash = hash_of(text);
  std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    Code code = slots_[slot];
    if (code == kNone) return kNone;
    if (hashes_[code] == hash && texts_.at(code) == text) return code;
  }
}

std::size_t Dictionary::bytes() const {
  return texts_.bytes() + hashes_.size() * sizeof(std::uint64_t) + slots_.size() * sizeof(Code);
}

void Dictionary::clear() {
  if (texts_.size() == 0) return;
  texts_.clear();
  hashes_.clear();
  std::fill(slots_.begin(), slots_.end(), kNone);
}

void Dictionary::grow() {
  slots_.assign(std::max(kSlotsMin, slots_.size() * 2), kNone);
  std::size_t mask = slots_.size() - 1;
  for (Code code = 0; code < hashes_.size(); ++code) {
    std::size_t slot = hashes_[code] & mask;
    while (slots_[slot] != kNone) slot = (slot + 1) & mask;
    slots_[slot] = code;
  }
}

std::size_t DictColumn::bytes() const {
  return dictionary_.bytes() + codes_.size() * sizeof(Dictionary::Code);
}

void DictColumn::clear() {
  dictionary_.clear();
  codes_.clear();
}

void DictColumn::append_range(const DictColumn& other, std::size_t from, std::size_t to) {
  if (from >= to) return;
  if (other.dictionary_.size() > to - from) {
    for (std::size_t row = from; row < to; ++row) append(other.at(row));
    return;
  }
  remap_.assign(other.dictionary_.size(), Dictionary::kNone);
  for (std::size_t row = from; row < to; ++row) {
    Dictionary::Code& code = remap_[other.codes_[row]];
    if (code == Dictionary::kNone) code = dictionary_.code_of(other.at(row));
    codes_.push_back(code);
  }
}

void QuantityColumn::add(std::string_view name, std::int64_t value) {
  names_.append(name);
  values_.push_back(value);
}

void QuantityColumn::append_range(const QuantityColumn& other, std::size_t from, std::size_t to) {
  if (from >= to) return;
  std::uint32_t first = other.begin(from);
  std::uint32_t last = other.end(to - 1);
  std::uint32_t shift = static_cast<std::uint32_t>(values_.size()) - first;
  names_.append_range(other.names_, first, last);
  values_.insert(values_.end(), other.values_.begin() + first, other.values_.begin() + last);
  for (std::size_t row = from; row < to; ++row) ends_.push_back(other.ends_[row] + shift);
}

std::size_t QuantityColumn::bytes() const {
  return names_.bytes() + values_.size() * sizeof(std::int64_t) +
         ends_.size() * sizeof(std::uint32_t);
}

void QuantityColumn::clear() {
  names_.clear();
  values_.clear();
  ends_.clear();
}

void QuantityColumn::truncate(std::size_t rows) {
  if (rows < ends_.size()) ends_.resize(rows);
  drop_open_row();
}

void QuantityColumn::drop_open_row() {
  std::size_t entries = ends_.empty() ? 0 : ends_.back();
  names_.truncate(entries);
  values_.resize(entries);
}

}  // namespace weir
