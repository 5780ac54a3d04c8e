// How a server goes, what it keeps to those who run it, and how much it takes from one key.
#include "base/http/last_calls.h"
#include "base/http/server_fixture.h"

#include <arpa/inet.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kReady = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(ServerTest, while_it_drains_it_says_so_answers_everybody_and_keeps_no_connection) {
  options_.drain_delay = 3s;
  start();
  RawClient kept(server_->port());
  kept.send(kHello);
  EXPECT_THAT(kept.read_answer(), Not(HasSubstr("Connection: close")));
  RawClient running(server_->port());
  running.send("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
  gate_reached(1);

  auto stopped = std::async(std::launch::async, [this] { server_->stop(); });
  std::string ready;
  do {
    ready = exchange(kReady);  // on a connection of its own: it is still taken
  } while (status_of(ready) == 200);
  EXPECT_EQ(status_of(ready), 503);
  EXPECT_THAT(ready, HasSubstr("the process is ending"));

  kept.send(kHello);
  const std::string last = kept.read_to_end();
  EXPECT_EQ(status_of(last), 200);
  EXPECT_THAT(last, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(kept.closed());
  open_gate();
  EXPECT_EQ(body_of(running.read_to_end()), "\"through\"");
  stopped.get();
  EXPECT_FALSE(can_connect(server_->port()));
}

/// A listening socket without anybody who accepts, and clients that do not wait.
class Listener {
 public:
  Listener() {
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address_), sizeof address_), 0);
    EXPECT_EQ(::listen(fd_, 16), 0);
    socklen_t size = sizeof address_;
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address_), &size), 0);
  }
  ~Listener() { ::close(fd_); }
  int fd() const { return fd_; }
  int connect() const {
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)::connect(client, reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
    return client;
  }
  static bool is_connected(int client) {
    pollfd wanted{client, POLLOUT, 0};
    return ::poll(&wanted, 1, 100) == 1 && (wanted.revents & POLLERR) == 0;
  }

 private:
  sockaddr_in address_{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
  int fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
};

TEST(LastCalls, who_was_there_is_served_and_who_comes_later_is_not_taken) {
  const Listener listener;
  const int early = listener.connect();
  ASSERT_TRUE(Listener::is_connected(early));
  ignore_new_handshakes(listener.fd());
  const int late = listener.connect();
  EXPECT_FALSE(Listener::is_connected(late));

  ASSERT_EQ(::send(early, "hello", 5, 0), 5);
  const int accepted = ::accept(listener.fd(), nullptr, nullptr);
  char bytes[8] = {};
  EXPECT_EQ(::recv(accepted, bytes, sizeof bytes, 0), 5);
  for (const int fd : {early, late, accepted}) ::close(fd);
}

TEST_F(ServerTest, what_is_for_admins_moves_to_their_listener_when_there_is_one) {
  options_.admin_listen = "127.0.0.1:0";
  options_.listen_setting = "ingest.listen";
  server_ = std::make_unique<HttpServer>(options_, metrics_, keys_);
  server_->route("GET", "/standing", Access::admin,
                 [](const HttpRequest&) { return HttpResponse::json(200, "1"); });
  server_->readiness([] { return std::vector<std::string>{"no broker"}; });
  ASSERT_TRUE(server_->start());
  const auto ask = [](std::uint16_t port, const std::string& path) {
    RawClient client(port);
    client.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    return client.read_answer();
  };
  for (const char* path : {"/metrics", "/readyz", "/standing"}) {
    EXPECT_EQ(status_of(ask(server_->port(), path)), 404) << path;
  }
  EXPECT_EQ(status_of(ask(server_->port(), "/healthz")), 200);
  EXPECT_EQ(status_of(ask(server_->admin_port(), "/healthz")), 200);
  EXPECT_EQ(status_of(ask(server_->admin_port(), "/standing")), 200);
  EXPECT_THAT(ask(server_->admin_port(), "/readyz"), HasSubstr("no broker"));
  EXPECT_THAT(ask(server_->admin_port(), "/metrics"),
              HasSubstr("weir_http_connections{listener=\"admin\"} 1\n"));
  const std::uint16_t port = server_->admin_port();
  server_->stop();
  EXPECT_FALSE(can_connect(port));
}

TEST_F(ServerTest, without_a_listener_for_admins_all_is_on_the_one) {
  server_ = std::make_unique<HttpServer>(options_, metrics_, keys_);
  server_->route("GET", "/standing", Access::admin,
                 [](const HttpRequest&) { return HttpResponse::json(200, "1"); });
  ASSERT_TRUE(server_->start());
  EXPECT_EQ(status_of(exchange("GET /standing HTTP/1.1\r\nHost: x\r\n\r\n")), 200);
  EXPECT_EQ(status_of(exchange(kReady)), 200);
}

TEST_F(ServerTest, taken_port_of_the_admins_names_its_own_setting) {
  start();
  options_.admin_listen = "127.0.0.1:" + std::to_string(server_->port());
  options_.listen_setting = "quota.listen";
  HttpServer second(options_, metrics_, keys_);
  const Status status = second.start();
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().text(), HasSubstr("set quota.admin_listen to another port"));
}

TEST_F(ServerTest, a_key_beyond_its_rate_is_told_when_to_come_back_and_the_others_notice_nothing) {
  options_.requests_per_second = 1;
  options_.requests_burst = 3;
  start();
  const std::string mine =
      "GET /mine HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key_ + "\r\n\r\n";
  int taken = 0;
  std::string refused;
  // More than it could have gained meanwhile: one a second.
  for (int i = 0; i < 100 && refused.empty(); ++i) {
    const std::string answer = exchange(mine);
    if (status_of(answer) == 200)
      ++taken;
    else
      refused = answer;
  }
  EXPECT_GE(taken, 3);
  EXPECT_EQ(status_of(refused), 429);
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(refused, HasSubstr("Content-Type: application/problem+json\r\n"));
  EXPECT_THAT(body_of(refused), HasSubstr("/problems/too-many-requests"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(status_of(exchange(kHello)), 200);  // asks for no key
}

}  // namespace
}  // namespace weir
