// "host:port", or "unix:/path", as the operator writes it.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

struct ListenAddress {
  std::string host;  // an IP address, without brackets
  std::uint16_t port = 0;
  std::string path;  // of a Unix-domain socket; then there is neither host nor port
};

/// "127.0.0.1:8080", "0.0.0.0:80", "[::1]:8080", "localhost:8080", ":8080" (all interfaces),
/// "unix:/run/weir/writer.sock". Names are not looked up: a listener must not depend on a name server.
/// Error `config`.
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace weir
