// Values as servers write them into log lines.
//
// Internal to this folder, but for truncate_address(), which the collector calls too. Nothing here allocates but into texts that are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// "17/May/2015:10:05:03 +0000" → microseconds.
std::optional<std::int64_t> parse_log_time(std::string_view text);

/// "0.123" seconds → 123000 µs; more than six decimals are cut. No sign, no exponent, no double.
std::optional<std::int64_t> parse_seconds(std::string_view text);

/// The sum of nginx's list of upstreams ("0.010, 0.020 : -"): a part that is "-" counts nothing.
/// Outer nullopt: malformed. kAbsent when every part is "-".
std::optional<std::int64_t> parse_seconds_list(std::string_view text);

/// Digits only, at most 2^63 - 1.
std::optional<std::int64_t> parse_digits(std::string_view text);

struct RequestLine {
  std::string_view method, target;
};
/// "GET /a HTTP/1.1"; nullopt for anything else.
std::optional<RequestLine> parse_request_line(std::string_view text);

/// Replaces `out` by `text` without its escapes (\" \\ \xHH \t \n …); false for a lone backslash.
bool unescape(std::string_view text, std::string& out);

/// Replaces `out` by the address without its last bits: 192.0.2.17 → 192.0.2.0 (/24), IPv6 by /48. What
/// is no address (a host name, "-") becomes "": it may name a person.
void truncate_address(std::string_view text, std::string& out);

}  // namespace weir
