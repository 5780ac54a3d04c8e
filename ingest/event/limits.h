// What an event may be (DESIGN §4), as checks with reasons.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

constexpr std::size_t kSourceBytesMax = 64;
constexpr std::size_t kIdBytesMax = 64;
constexpr std::size_t kNameBytesMax = 128;  // tenant, subscription, api, route, method, country, …
constexpr std::size_t kPathBytesMax = 2048;
constexpr std::size_t kUserAgentBytesMax = 512;
constexpr std::size_t kQuantitiesMax = 8;  // named quantities of one event
constexpr std::int64_t kUnitsMax = std::int64_t{1} << 53;
constexpr Micros kPermittedFuture = std::chrono::minutes(5);

/// Why one event was refused. `reason` is a stable code from the list below, `field` names the
/// field, `detail` is for people.
struct Rejection {
  std::uint32_t row = 0;  // index of the event in its record, from 0
  std::string_view reason;
  std::string_view field;
  std::string detail;
};

// Stable reason codes; docs/reference/reasons.md lists cause, meaning and remedy of each.
namespace reason {
inline constexpr std::string_view kMalformed = "malformed";      // cannot be parsed
inline constexpr std::string_view kMissing = "missing";          // a required field is absent
inline constexpr std::string_view kWrongType = "wrong_type";     // string for a number, …
inline constexpr std::string_view kTooLong = "too_long";         // over the field's bytes
inline constexpr std::string_view kOutOfRange = "out_of_range";  // units, status, sizes
inline constexpr std::string_view kInFuture = "in_future";       // beyond the permitted future
inline constexpr std::string_view kBadUtf8 = "bad_utf8";
inline constexpr std::string_view kControlCharacter = "control_character";  // NUL and its kind
inline constexpr std::string_view kUnknownContentType = "unknown_content_type";
inline constexpr std::string_view kUnknownVersion = "unknown_version";  // of the packed schema
inline constexpr std::string_view kRecordTooLarge = "record_too_large";
inline constexpr std::string_view kTruncated = "truncated";  // a section ends early
inline constexpr std::string_view kForeignKey = "foreign_identity_key";
inline constexpr std::string_view kMisrouted = "misrouted";  // R2
inline constexpr std::string_view kTenantMismatch = "tenant_mismatch";
}  // namespace reason

}  // namespace weir
