// What a hostile or broken client can do, and that it costs the others nothing.
#include "base/http/server_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <list>

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(ServerTest, body_that_says_it_is_too_large_is_413_before_it_is_read) {
  options_.body_bytes_max = 1000;
  start();
  RawClient client(server_->port());
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  const std::string answer = client.read_answer();
  EXPECT_EQ(status_of(answer), 413);
  EXPECT_THAT(body_of(answer), HasSubstr("send at most 1000 bytes"));
  client.end_sending();
  client.read_to_end();
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, client_that_sends_a_too_large_body_first_still_sees_the_413) {
  options_.body_bytes_max = 1000;
  start();
  RawClient client(server_->port());
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
  client.send(std::string(3'000'000, 'x'));
  EXPECT_EQ(status_of(client.read_answer()), 413);
}

TEST_F(ServerTest, chunked_body_that_grows_too_large_is_413) {
  options_.body_bytes_max = 1000;
  start();
  EXPECT_EQ(status_of(exchange(
                "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                "1f4\r\n" +
                std::string(500, 'x') + "\r\n1f5\r\n" + std::string(501, 'x') + "\r\n0\r\n\r\n")),
            413);
}

TEST_F(ServerTest, body_of_exactly_the_bound_is_taken) {
  options_.body_bytes_max = 1000;
  start();
  EXPECT_EQ(status_of(exchange("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" +
                               std::string(1000, 'x'))),
            200);
}

TEST_F(ServerTest, header_beyond_its_bound_is_431) {
  options_.header_bytes_max = 2000;
  start();
  EXPECT_EQ(status_of(exchange("GET /hello HTTP/1.1\r\nHost: x\r\nX: " + std::string(3000, 'x') +
                               "\r\n\r\n")),
            431);
  EXPECT_EQ(
      status_of(exchange("GET /hello HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'x'))),
      431);
  EXPECT_EQ(status_of(exchange("GET /" + std::string(5000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n")),
            431);
}

TEST_F(ServerTest, what_is_no_http_is_400_and_closes) {
  start();
  for (const std::string& bytes :
       {std::string("hello\r\n\r\n"), std::string("GET /hello\r\n\r\n"),
        std::string("GET /hello HTTP/3.0\r\n\r\n"), std::string("\x16\x03\x01\x02\x00\x01\x00", 7),
        std::string("GET /hello HTTP/1.1\r\nno colon here\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        std::string("POST /echo HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n0\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"),
        std::string("GET /he\0llo HTTP/1.1\r\n\r\n", 25)}) {
    RawClient client(server_->port());
    client.send(bytes);
    client.end_sending();
    const std::string answer = client.read_to_end();
    EXPECT_EQ(status_of(answer), 400) << bytes;
    EXPECT_TRUE(client.closed()) << bytes;
  }
  EXPECT_EQ(status_of(exchange(kHello)), 200);
}

TEST_F(ServerTest, target_without_a_slash_is_400) {
  start();
  EXPECT_EQ(status_of(exchange("GET hello HTTP/1.1\r\nHost: x\r\n\r\n")), 400);
  EXPECT_EQ(status_of(exchange("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")), 400);
  EXPECT_EQ(status_of(exchange("GET http://x/hello HTTP/1.1\r\nHost: x\r\n\r\n")), 200);
}

TEST_F(ServerTest, client_that_leaves_halfway_costs_nothing) {
  start();
  for (int i = 0; i < 20; ++i) {
    RawClient client(server_->port());
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  }
  EXPECT_EQ(status_of(exchange(kHello)), 200);
}

TEST_F(ServerTest, idle_connection_is_closed_after_its_time) {
  options_.idle_timeout = 20ms;
  start();
  RawClient client(server_->port());
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, request_that_is_not_whole_in_time_is_closed_however_long_connections_may_idle) {
  options_.idle_timeout = 1h;
  options_.request_timeout = 50ms;
  start();
  RawClient no_header_end(server_->port());
  no_header_end.send("GET /hello HTTP/1.1\r\nHost:");
  RawClient no_body_end(server_->port());
  no_body_end.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  EXPECT_EQ(no_header_end.read_to_end(), "");
  EXPECT_TRUE(no_header_end.closed());
  EXPECT_EQ(no_body_end.read_to_end(), "");
  EXPECT_TRUE(no_body_end.closed());
}

TEST_F(ServerTest, dripping_client_does_not_prolong_its_time) {
  options_.request_timeout = 100ms;
  start();
  RawClient client(server_->port());
  client.send("GET /hello HTTP/1.1\r\n");
  // Each drip would restart a time-out that counts from the last byte; this ends only by the close.
  int drips = 0;
  while (client.send("X: y\r\n") && drips < 100'000'000) ++drips;
  client.read_to_end();
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, connection_beyond_the_bound_is_told_503_and_a_freed_place_is_used) {
  options_.connections_max = 2;
  start();
  std::list<RawClient> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back(server_->port()).send(kHello);
    EXPECT_EQ(status_of(clients.back().read_answer()), 200);
  }
  const std::string refused = exchange(kHello);
  EXPECT_EQ(status_of(refused), 503);
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
  clients.front().send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  clients.front().read_to_end();
  // The server counts the closed one out just after its close; until then it says 503.
  int status = 0;
  for (int i = 0; i < 1000 && status != 200; ++i) status = status_of(exchange(kHello));
  EXPECT_EQ(status, 200);
}

TEST_F(ServerTest, requests_beyond_the_bytes_that_may_wait_are_told_503_and_one_is_always_taken) {
  options_.threads = 1;
  options_.queued_bytes_max = 50'000;
  start();
  const std::string large = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" +
                            std::string(200'000, 'x');
  EXPECT_EQ(status_of(exchange(large)), 200);  // nothing else is held: taken, though too large

  RawClient stuck(server_->port());
  stuck.send("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
  gate_reached(1);
  const std::string refused = exchange(large);
  EXPECT_EQ(status_of(refused), 503);
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
  open_gate();
  EXPECT_EQ(status_of(stuck.read_answer()), 200);
  EXPECT_EQ(status_of(exchange(large)), 200);
}

TEST_F(ServerTest, body_of_an_unauthorised_client_is_not_read) {
  start();
  RawClient client(server_->port());
  client.send("POST /mine HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_EQ(status_of(client.read_answer()), 401);  // though no byte of the body was sent
}

TEST_F(ServerTest, line_end_in_an_answers_header_makes_no_header) {
  server_ = std::make_unique<HttpServer>(options_, metrics_, keys_);
  server_->route("GET", "/split", Access::open, [](const HttpRequest& request) {
    HttpResponse response = HttpResponse::json(200, "1");
    response.headers.emplace_back("X-Echo", request.query.at("q"));
    return response;
  });
  ASSERT_TRUE(server_->start());
  const std::string answer = exchange("GET /split?q=a%0d%0aEvil:1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("X-Echo: a  Evil:1\r\n"));
}

}  // namespace
}  // namespace weir
