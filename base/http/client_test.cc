#include "base/http/client.h"

#include "base/http/server_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

class HttpClientTest : public ServerTest {
 protected:
  void SetUp() override { start(); }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  HttpClient client_;
};

/// Takes connections into its backlog and never answers.
class SilentListener {
 public:
  SilentListener() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    WEIR_CHECK(::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) == 0);
    WEIR_CHECK(::listen(fd_, 8) == 0);
    WEIR_CHECK(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentListener() { ::close(fd_); }
  /// Takes one connection and drops it after its first bytes.
  void drop_one() {
    const int taken = ::accept(fd_, nullptr, nullptr);
    char byte = 0;
    EXPECT_EQ(::recv(taken, &byte, 1, 0), 1);
    ::close(taken);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

TEST_F(HttpClientTest, gets_status_body_and_headers) {
  const auto reply = client_.get(url("/hello"), {{"X-Request-Id", "r1"}}, Deadline::in(10s));
  ASSERT_TRUE(reply) << reply.error().text();
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "\"hello\"");
  EXPECT_THAT(reply->headers, Contains(Pair("x-request-id", "r1")));
  EXPECT_THAT(reply->headers, Contains(Pair("content-type", "application/json")));
}

TEST_F(HttpClientTest, posts_any_bytes_even_none) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(client_.post(url("/echo"), {}, bytes, Deadline::in(10s))->body, bytes);
  EXPECT_EQ(client_.post(url("/echo"), {}, "", Deadline::in(10s))->body, "");
  EXPECT_EQ(client_.get(url("/hello"), {}, Deadline::in(10s))->status, 200);
}

TEST_F(HttpClientTest, status_of_a_refusal_is_a_reply_not_an_error) {
  EXPECT_EQ(client_.get(url("/none"), {}, Deadline::in(10s))->status, 404);
}

TEST_F(HttpClientTest, nobody_listening_is_unavailable) {
  const std::string gone = url("/hello");
  server_->stop();
  server_.reset();
  const auto reply = client_.post(gone, {}, "x", Deadline::in(10s));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
  EXPECT_THAT(reply.error().what, HasSubstr(gone));
}

TEST_F(HttpClientTest, request_without_an_answer_in_time_is_in_doubt) {
  const SilentListener silent;
  const auto reply = client_.post(silent.url(), {}, "charge", Deadline::in(50ms));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::in_doubt);
}

TEST_F(HttpClientTest, connection_dropped_after_the_request_is_in_doubt) {
  SilentListener listener;
  std::thread server([&] { listener.drop_one(); });
  const auto reply = client_.post(listener.url(), {}, "charge", Deadline::in(10s));
  server.join();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::in_doubt);
}

TEST_F(HttpClientTest, passed_deadline_sends_nothing) {
  const auto reply = client_.get(url("/hello"), {}, Deadline::in(-1s));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
}

TEST_F(HttpClientTest, foreign_schemes_are_refused) {
  for (const char* bad : {"file:///etc/passwd", "ftp://127.0.0.1/", "http://"}) {
    const auto reply = client_.get(bad, {}, Deadline::in(10s));
    ASSERT_FALSE(reply) << bad;
    EXPECT_EQ(reply.error().code, ErrorCode::invalid) << bad;
  }
}

}  // namespace
}  // namespace weir
