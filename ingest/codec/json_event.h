// One JSON object → one event, through simdjson's on-demand parser.
//
// Internal to this folder (it shows simdjson types). EventReader holds one RequestRow of views into
// the parser's memory and fills it again for each event; the row is then checked and written to the
// columns. Fields come in any order; the reader guesses that the next key is the one that followed
// last time, which makes a key one comparison.
//
//   unknown field     passed over and counted (what stands in it is not looked at)
//   null              the same as absent
//   a key twice       the last one wins; each of them must be good
//   integers          JSON integers only: 1.0, 1e3 and "1" are wrong_type; beyond 2^63 out_of_range
//   time              RFC 3339 text, or integer microseconds
//
// Outcome `refused` leaves the parser usable: the caller goes on to the next event. `broken` means
// that the text is not JSON and nothing behind can be trusted.
#pragma once

#include "ingest/codec/codec.h"
#include "ingest/event/request_batch.h"

#include <array>
#include <cstdint>
#include <optional>
#include <simdjson.h>
#include <string_view>

namespace weir::json {

namespace ondemand = simdjson::ondemand;

enum class Outcome { good, refused, broken };

/// The event being read.
struct EventFields {
  RequestRow row;
  std::array<RequestRow::Quantity, kQuantitiesMax> quantities;
  bool has_time = false;
  std::uint64_t unknown = 0;

  void reset() {
    row = RequestRow{};
    has_time = false;
    unknown = 0;
  }
};

// One value each; null leaves `into` as it is. `marked`: see json_text.h.
Outcome read_text(ondemand::value& value, bool marked, std::string_view field,
                  std::string_view& into, Rejection& why);
Outcome read_integer(ondemand::value& value, std::string_view field,
                     std::optional<std::int64_t>& into, Rejection& why);
Outcome read_time(ondemand::value& value, bool marked, std::string_view field, EventTime& into,
                  bool& found, Rejection& why);

/// Refuses a value that has the wrong type; tells a value that is none (`broken`).
Outcome wrong_type(ondemand::value& value, std::string_view field, std::string_view wanted,
                   Rejection& why);

/// The key's text, unescaped where it bears an escape.
simdjson::error_code key_of(ondemand::field& field, std::string_view& key);

class EventReader {
 public:
  /// Reads the fields of `object` into `event` (which the caller has reset).
  Outcome read(ondemand::object& object, bool marked, EventFields& event, Rejection& why);

 private:
  static constexpr std::size_t kFields = 22;
  Outcome read_field(std::size_t field, ondemand::value& value, bool marked, EventFields& event,
                     Rejection& why);
  std::array<std::uint8_t, kFields + 1> follower_{};  // which field came after it last time
  bool is_expected(std::size_t previous, const ondemand::field& field) const;
  std::size_t field_of(std::size_t previous, std::string_view key);
};

}  // namespace weir::json
