// RawClient itself; the file ends in _test so that it is built into the tests alone.
#include "base/http/raw_client.h"

#include "base/result.h"

#include <arpa/inet.h>
#include <cstdlib>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace weir {
namespace {

constexpr int kPatienceMs = 10'000;

/// Where the body begins, or npos.
std::size_t body_at(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string_view::npos ? end : end + 4;
}

std::size_t content_length(std::string_view answer) {
  constexpr std::string_view kName = "Content-Length: ";
  const std::size_t at = answer.find(kName);
  if (at == std::string_view::npos || at > body_at(answer)) return 0;
  return std::strtoul(answer.data() + at + kName.size(), nullptr, 10);
}

int new_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

bool connect_to(int fd, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

RawClient::RawClient(std::uint16_t port) : fd_(new_socket()) { WEIR_CHECK(connect_to(fd_, port)); }

RawClient::~RawClient() { ::close(fd_); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void RawClient::end_sending() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::read_more() {
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, kPatienceMs) != 1) return false;
  char chunk[65'536];
  const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
  if (n <= 0) {
    closed_ = true;
    return false;
  }
  pending_.append(chunk, static_cast<std::size_t>(n));
  return true;
}

std::string RawClient::read_answer() {
  while (body_at(pending_) == std::string::npos) {
    if (!read_more()) return std::exchange(pending_, "");
  }
  const std::size_t whole = body_at(pending_) + content_length(pending_);
  while (pending_.size() < whole) {
    if (!read_more()) return std::exchange(pending_, "");
  }
  std::string answer = pending_.substr(0, whole);
  pending_.erase(0, whole);
  return answer;
}

std::string RawClient::read_to_end() {
  while (read_more()) {
  }
  return std::exchange(pending_, "");
}

bool can_connect(std::uint16_t port) {
  const int fd = new_socket();
  const bool connected = connect_to(fd, port);
  ::close(fd);
  return connected;
}

int status_of(std::string_view answer) {
  if (!answer.starts_with("HTTP/1.")) return 0;
  return std::atoi(std::string(answer.substr(9, 3)).c_str());
}

std::string body_of(std::string_view answer) {
  const std::size_t at = body_at(answer);
  return at == std::string_view::npos ? "" : std::string(answer.substr(at));
}

}  // namespace weir
