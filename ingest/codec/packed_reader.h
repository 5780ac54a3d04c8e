// The parts of a packed section, as packed_format.md has them, read from hostile bytes.
//
// Internal to this folder. Each call checks the lengths before it touches or reserves anything:
// what it reserves is bounded by `n`, which the caller has bounded, or by the bytes that are there.
// After the first false, `fault()` says why and the reader is of no more use. Vectors are replaced,
// never appended to.
#pragma once

#include "ingest/event/limits.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir {

class PackedReader {
 public:
  explicit PackedReader(std::string_view bytes) : rest_(bytes) {}

  bool bytes(std::size_t n, std::string_view& into);
  bool u32(std::uint32_t& into);
  /// ints(n)
  bool ints(std::size_t n, std::vector<std::int64_t>& into);
  /// ints(n), none negative, and their sum no more than the bytes that are left.
  bool lengths(std::size_t n, std::vector<std::int64_t>& into, std::size_t& sum);
  /// codes(n), each below `count`.
  bool codes(std::size_t n, std::uint32_t count, std::vector<std::uint32_t>& into);
  bool at_end() const { return rest_.empty(); }

  bool malformed() { return fail(reason::kMalformed); }
  std::string_view fault() const { return fault_; }

 private:
  bool fail(std::string_view why) {
    fault_ = why;
    return false;
  }
  bool u8(std::uint8_t& into);
  bool i64(std::int64_t& into);

  std::string_view rest_;
  std::string_view fault_;
};

}  // namespace weir
