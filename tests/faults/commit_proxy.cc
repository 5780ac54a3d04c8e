#include "tests/faults/commit_proxy.h"

#include "base/result.h"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// False: the other end is gone.
bool receive(int socket, std::string& into) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  into.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::size_t length_at(const std::string& bytes, std::size_t at) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return length;
}

/// ReadyForQuery, the last message of every answer: 'Z', a length of 5, the state.
bool answered(const std::string& reply) {
  return reply.size() >= 6 && reply[reply.size() - 6] == 'Z' &&
         length_at(reply, reply.size() - 5) == 5;
}

}  // namespace

CommitProxy::CommitProxy(std::uint16_t server_port, std::function<Cut()> plan)
    : server_port_(server_port), plan_(std::move(plan)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  WEIR_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  WEIR_CHECK(::listen(listener_, 64) == 0);
  WEIR_CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

CommitProxy::~CommitProxy() {
  acceptor_.request_stop();
  acceptor_.join();
  connections_.clear();  // asks each to stop, and joins it
  ::close(listener_);
}

void CommitProxy::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, 50) <= 0) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    connections_.emplace_back([this, client](const std::stop_token& own) { serve(own, client); });
  }
}

void CommitProxy::serve(const std::stop_token& stop, int client) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(server_port_);
  if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    std::string unread;    // of the client, not yet forwarded
    bool started = false;  // the start-up packet has passed
    std::array<pollfd, 2> waiting{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    while (!stop.stop_requested()) {
      if (::poll(waiting.data(), 2, 50) <= 0) continue;
      if (waiting[0].revents != 0) {
        if (!receive(client, unread) || !forward_messages(server, unread, started)) break;
      }
      if (waiting[1].revents != 0) {
        std::string reply;
        if (!receive(server, reply) || !send_all(client, reply)) break;
      }
    }
  }
  ::close(server);
  ::close(client);
}

bool CommitProxy::forward_messages(int server, std::string& unread, bool& started) {
  for (;;) {
    const std::size_t header = started ? 5 : 4;  // the start-up packet has no type byte
    if (unread.size() < header) return true;
    const std::size_t size = length_at(unread, header - 4) + (started ? 1 : 0);
    if (unread.size() < size) return true;
    const std::string message = unread.substr(0, size);
    unread.erase(0, size);
    if (!started) {
      // SSL and GSS requests are of 8 bytes and are followed by the true start-up packet.
      started = size > 8;
    } else if (message[0] == 'Q' && message.compare(5, 6, "COMMIT") == 0) {
      if (cut_at_commit(server, message)) return false;
      continue;
    }
    if (!send_all(server, message)) return false;
  }
}

bool CommitProxy::cut_at_commit(int server, const std::string& message) {
  Cut cut = Cut::no;
  {
    const std::lock_guard lock(mutex_);
    cut = plan_();
  }
  if (cut == Cut::before) {
    ++cuts_before_;
    return true;
  }
  if (!send_all(server, message)) return true;
  if (cut == Cut::no) return false;
  std::string reply;
  while (!answered(reply) && receive(server, reply)) {
  }
  ++cuts_after_;
  return true;
}

std::string conninfo_value(const std::string& conninfo, const std::string& key) {
  std::istringstream pairs(conninfo);
  for (std::string pair; pairs >> pair;) {
    if (pair.starts_with(key + "=")) return pair.substr(key.size() + 1);
  }
  return {};
}

std::string through(const CommitProxy& proxy, const std::string& conninfo) {
  std::istringstream pairs(conninfo);
  std::string text;
  for (std::string pair; pairs >> pair;) {
    if (pair.starts_with("port=")) pair = "port=" + std::to_string(proxy.port());
    text += text.empty() ? pair : " " + pair;
  }
  // The proxy reads the protocol, so it must not be encrypted.
  return text + " sslmode=disable gssencmode=disable";
}

}  // namespace weir::test
