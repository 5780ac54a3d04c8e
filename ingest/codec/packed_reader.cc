#include "ingest/codec/packed_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace weir {
namespace {

static_assert(std::endian::native == std::endian::little, "packed sections are little-endian");

// Straight loops over fixed widths: the compiler makes vector code of them.
template <class Unsigned>
void widen(const char* from, std::size_t n, std::int64_t base, std::int64_t* to) {
  for (std::size_t i = 0; i < n; ++i) {
    Unsigned offset;
    std::memcpy(&offset, from + i * sizeof(Unsigned), sizeof(Unsigned));
    to[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(base) + offset);
  }
}

template <class Unsigned>
std::uint32_t widen_codes(const char* from, std::size_t n, std::uint32_t* to) {
  std::uint32_t greatest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    Unsigned code;
    std::memcpy(&code, from + i * sizeof(Unsigned), sizeof(Unsigned));
    to[i] = code;
    greatest = std::max<std::uint32_t>(greatest, code);
  }
  return greatest;
}

}  // namespace

bool PackedReader::bytes(std::size_t n, std::string_view& into) {
  if (n > rest_.size()) return fail(reason::kTruncated);
  into = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return true;
}

bool PackedReader::u8(std::uint8_t& into) {
  std::string_view one;
  if (!bytes(1, one)) return false;
  into = static_cast<std::uint8_t>(one[0]);
  return true;
}

bool PackedReader::u32(std::uint32_t& into) {
  std::string_view four;
  if (!bytes(sizeof(into), four)) return false;
  std::memcpy(&into, four.data(), sizeof(into));
  return true;
}

bool PackedReader::i64(std::int64_t& into) {
  std::string_view eight;
  if (!bytes(sizeof(into), eight)) return false;
  std::memcpy(&into, eight.data(), sizeof(into));
  return true;
}

bool PackedReader::ints(std::size_t n, std::vector<std::int64_t>& into) {
  std::int64_t base = 0;
  std::uint8_t width = 0;
  if (!i64(base) || !u8(width)) return false;
  if (width > 8 || (width & (width - 1)) != 0) return malformed();
  std::string_view offsets;
  if (!bytes(n * width, offsets)) return false;
  into.resize(n);
  if (width == 0) std::fill(into.begin(), into.end(), base);
  if (width == 1) widen<std::uint8_t>(offsets.data(), n, base, into.data());
  if (width == 2) widen<std::uint16_t>(offsets.data(), n, base, into.data());
  if (width == 4) widen<std::uint32_t>(offsets.data(), n, base, into.data());
  if (width == 8) widen<std::uint64_t>(offsets.data(), n, base, into.data());
  return true;
}

bool PackedReader::lengths(std::size_t n, std::vector<std::int64_t>& into, std::size_t& sum) {
  if (!ints(n, into)) return false;
  std::uint64_t total = 0;
  for (std::int64_t length : into) {
    if (length < 0) return malformed();
    // Each is compared before it is added: the sum cannot run over.
    if (static_cast<std::uint64_t>(length) > rest_.size() - total) return fail(reason::kTruncated);
    total += static_cast<std::uint64_t>(length);
  }
  sum = total;
  return true;
}

bool PackedReader::codes(std::size_t n, std::uint32_t count, std::vector<std::uint32_t>& into) {
  std::uint8_t width = 0;
  if (!u8(width)) return false;
  if (width > 4 || (width & (width - 1)) != 0) return malformed();
  std::string_view text;
  if (!bytes(n * width, text)) return false;
  into.resize(n);
  std::uint32_t greatest = 0;
  if (width == 0) std::fill(into.begin(), into.end(), 0);
  if (width == 1) greatest = widen_codes<std::uint8_t>(text.data(), n, into.data());
  if (width == 2) greatest = widen_codes<std::uint16_t>(text.data(), n, into.data());
  if (width == 4) greatest = widen_codes<std::uint32_t>(text.data(), n, into.data());
  return n == 0 || greatest < count || malformed();
}

}  // namespace weir
