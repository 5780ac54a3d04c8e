#include "tests/fleets/rubbish.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace weir::test {
namespace {

constexpr std::size_t kDrippingMax = 200;
constexpr std::uint64_t kKinds = 12;
constexpr auto kPause = std::chrono::milliseconds(2);  // between two: the machine has others on it

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

/// Neither sending nor closing waits for the server for long.
void hurry(int fd, bool torn) {
  const timeval wait{0, 100'000};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  const linger reset{1, 0};
  if (torn) ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void send_all(int fd, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

}  // namespace

Rubbish::Rubbish(std::uint16_t port, std::string key, std::uint64_t seed)
    : port_(port), key_(std::move(key)), random_(seed) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Rubbish::finish() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Rubbish::run(const std::stop_token& stop) {
  for (std::uint64_t kind = 0; !stop.stop_requested(); ++kind) {
    one(kind % kKinds);
    drip();
    std::this_thread::sleep_for(kPause);
  }
  for (const int fd : dripping_) ::close(fd);
  dripping_.clear();
}

int Rubbish::connect() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address{AF_INET, htons(port_), {htonl(INADDR_LOOPBACK)}, {}};
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    ++connections_;
  }
  return fd;
}

std::string Rubbish::noise(std::size_t bytes) {
  std::string out(bytes, '\0');
  for (char& c : out) c = static_cast<char>(random_());
  return out;
}

void Rubbish::send_and_close(const std::string& bytes, bool torn) {
  const int fd = connect();
  hurry(fd, torn);
  send_all(fd, bytes);
  ::close(fd);
}

void Rubbish::one(std::uint64_t kind) {
  const std::string get = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string post =
      "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
  const std::string tenant = post + "Authorization: Bearer " + key_ + "\r\n";
  switch (kind) {
    case 0:
      return send_and_close("GET /healthz HTTP/1.1\r\nX: " + std::string(200'000, 'x'), false);
    case 1:
      return send_and_close(tenant + "Content-Length: 1000000\r\n\r\n{\"half\":",
                            random_() % 2 == 0);
    case 2:
      return send_and_close(tenant + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcdef", false);
    case 3:
      return send_and_close(tenant + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
                            false);
    case 4:
      return send_and_close(tenant + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
                            true);
    case 5:  // answers that nobody reads
      return send_and_close(repeated(get, 500), random_() % 2 == 0);
    case 6: {
      const int fd = connect();
      hurry(fd, false);
      send_all(
          fd, random_() % 2 == 0 ? get + get.substr(0, 20) : tenant + "Content-Length: 9\r\n\r\n[");
      ::shutdown(fd, SHUT_WR);
      char some[16];
      (void)!::recv(fd, some, sizeof some, 0);
      ::close(fd);
      return;
    }
    case 7:
      return send_and_close(noise(10'000), random_() % 2 == 0);
    case 8:
      return send_and_close("", true);
    case 9:  // a TLS client
      return send_and_close(
          std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + noise(500), false);
    case 10: {  // a tenant's own, whole and not JSON
      const std::string body = noise(100'000);
      return send_and_close(
          tenant + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body, false);
    }
    default:  // too large, without a key
      return send_and_close(post + "Content-Length: 99999999\r\n\r\n" + std::string(300'000, 'x'),
                            true);
  }
}

/// A byte more of a header, of a body or of requests without end, on each; what was closed is begun again.
void Rubbish::drip() {
  if (dripping_.size() < kDrippingMax) {
    const int fd = connect();
    hurry(fd, true);
    const bool reads_nothing = dripping_.size() % 3 == 2;
    if (reads_nothing)
      send_all(fd, repeated("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200));
    else if (dripping_.size() % 3 == 1)
      send_all(fd, "POST /v1/check HTTP/1.1\r\nContent-Length: 9999\r\nAuthorization: Bearer " +
                       key_ + "\r\n\r\n");
    else
      send_all(fd, "GET /healthz HTTP/1.1\r\nX: ");
    dripping_.push_back(fd);
  }
  int& fd = dripping_[random_() % dripping_.size()];
  if (::send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) return;
  ::close(fd);
  fd = connect();
  hurry(fd, true);
  send_all(fd, "GET /healthz HTTP/1.1\r\nX: ");
}

}  // namespace weir::test
