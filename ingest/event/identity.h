// The identity of an event: (tenant, source, id), never a time (R4).
//
// As 128 bits of XXH3 over the length-prefixed fields, with a secret derived from the deployment's
// identity key, so that nobody outside can aim at a collision. The key's fingerprint travels with
// packed records: hashes made under another key are not comparable and such a record is
// quarantined.
#pragma once

#include "base/result.h"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

struct Identity {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Identity&) const = default;
};

class IdentityKey {
 public:
  /// From the deployment's secret: at least 16 bytes, else error `config`.
  static Result<IdentityKey> from_secret(std::string_view secret);
  Identity identify(std::string_view tenant, std::string_view source, std::string_view id) const;
  /// Tells keys apart without telling the key.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  IdentityKey() = default;
  std::array<std::uint8_t, 192> secret_{};
  std::uint64_t fingerprint_ = 0;
};

}  // namespace weir
