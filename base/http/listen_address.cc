#include "base/http/listen_address.h"

#include <arpa/inet.h>
#include <charconv>

namespace weir {
namespace {

constexpr std::string_view kUnix = "unix:";

Error wrong(std::string_view text, const std::string& why) {
  return Error{ErrorCode::config, "the address '" + std::string(text) + "' " + why,
               "write host:port, like 127.0.0.1:8080 or [::1]:8080, or unix:/path"};
}

bool is_ip_address(const std::string& host, bool bracketed) {
  unsigned char parsed[16];
  return ::inet_pton(bracketed ? AF_INET6 : AF_INET, host.c_str(), parsed) == 1;
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  if (text.starts_with(kUnix)) {
    text.remove_prefix(kUnix.size());
    if (text.empty()) return wrong(kUnix, "names no socket");
    return ListenAddress{"", 0, std::string(text)};
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong(text, "has no port");
  const std::string_view port = text.substr(colon + 1);
  std::string host(text.substr(0, colon));

  ListenAddress address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || port.empty()) {
    return wrong(text, "has a port that is not a number from 0 to 65535");
  }
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";
  if (!is_ip_address(host, bracketed)) return wrong(text, "has a host that is no IP address");
  address.host = host;
  return address;
}

}  // namespace weir
