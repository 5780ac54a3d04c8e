// Digests and random tokens, over OpenSSL.
//
// SHA-256 is for evidence that people keep (certificates, anchors, charge keys, hashed API keys).
// Nothing here is for speed: identities are hashed in ingest/event.
#pragma once

#include "base/result.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
std::string to_hex(std::span<const std::uint8_t> bytes);
/// Error `invalid` for an odd length or a digit that is none.
Result<std::string> from_hex(std::string_view hex);
/// sha256, then to_hex: 64 lower-case digits.
std::string sha256_hex(std::string_view bytes);
/// Of everything that `fd` holds, from its beginning; its position is left alone. `unavailable`.
Result<std::string> sha256_hex_of_file(int fd);
/// Compares without telling by its time where they differ.
bool equal_secret(std::string_view a, std::string_view b);
/// `bytes` random bytes from the operating system, as lower-case hex.
std::string random_hex(std::size_t bytes);

/// Joins fields so that no two lists give the same bytes: each field is preceded by its length.
std::string length_prefixed(std::span<const std::string_view> fields);

}  // namespace weir
