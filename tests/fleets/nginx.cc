#include "tests/fleets/nginx.h"

#include "base/http/client.h"
#include "base/result.h"
#include "base/time.h"

#include <arpa/inet.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <netinet/in.h>
#include <random>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::test {
namespace {

constexpr const char* kAround = R"(daemon off;
user root;
pid nginx.pid;
error_log stderr warn;
worker_processes 2;
events {{ worker_connections 512; }}
http {{
  access_log access.log;
  client_body_temp_path tmp/body;
  proxy_temp_path tmp/proxy;
  fastcgi_temp_path tmp/fastcgi;
  uwsgi_temp_path tmp/uwsgi;
  scgi_temp_path tmp/scgi;
  include weir.conf;
}}
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("'" + from + "' is not in " + text);
  return text.replace(at, from.size(), to);
}

/// The shipped line, with another port.
void list(const std::string& folder, const std::string& fleet, const std::string& shipped_port,
          const std::vector<std::uint16_t>& ports) {
  const std::string shipped =
      read_whole(std::string(WEIR_SOURCE) + "/deploy/nginx/weir/" + fleet + ".servers");
  std::ofstream out(folder + "/weir/" + fleet + ".servers");
  for (const std::uint16_t port : ports) {
    out << replaced(shipped, ":" + shipped_port + " ", fmt::format(":{} ", port));
  }
}

std::string program() {
  for (const char* path : {"/usr/sbin/nginx", "/usr/bin/nginx"}) {
    if (std::filesystem::exists(path)) return path;
  }
  throw std::runtime_error("there is no nginx: ./weir setup installs it");
}

}  // namespace

std::uint16_t free_port() {
  static std::mt19937 random(std::random_device{}());
  while (true) {
    const auto port = static_cast<std::uint16_t>(10'240 + random() % 9'000);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
    const bool is_free =
        ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    if (is_free) return port;
  }
}

Nginx::Nginx(const std::string& folder, const Fleets& fleets) : port_(free_port()) {
  const std::string prefix = folder + "/nginx";
  for (const char* part : {"/weir", "/tmp"}) std::filesystem::create_directories(prefix + part);
  std::ofstream(prefix + "/nginx.conf") << fmt::format(kAround);
  std::ofstream(prefix + "/weir.conf")
      << replaced(read_whole(std::string(WEIR_SOURCE) + "/deploy/nginx/weir.conf"), "listen 80;",
                  fmt::format("listen 127.0.0.1:{};", port_));
  list(prefix, "ingest", "8080", fleets.ingest);
  list(prefix, "quota", "8081", fleets.quota);
  list(prefix, "analytics", "8082", fleets.analytics);
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{program(), "-p", prefix, "-c", "nginx.conf", "-e", "stderr"},
      prefix + "/nginx");
  const bool serves = eventually(std::chrono::seconds(20), [&] {
    HttpClient client;
    return client.get(url() + "/healthz", {}, Deadline::in(std::chrono::seconds(1))).ok();
  });
  if (!serves) throw std::runtime_error("nginx does not serve: " + log());
}

}  // namespace weir::test
