#include "base/http/server.h"

#include "base/http/client.h"
#include "base/http/server_fixture.h"

#include <cstdio>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(ServerTest, answers_and_keeps_the_connection) {
  start();
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    client.send(kHello);
    const std::string answer = client.read_answer();
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_EQ(body_of(answer), "\"hello\"");
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
  }
}

TEST_F(ServerTest, pipelined_requests_are_answered_in_their_order) {
  start();
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    const std::string body = "number " + std::to_string(i);
    requests += "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body;
  }
  RawClient client(server_->port());
  client.send(requests);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(body_of(client.read_answer()), "number " + std::to_string(i));
  }
}

TEST_F(ServerTest, request_that_comes_byte_by_byte_is_one_request) {
  start();
  RawClient client(server_->port());
  for (char c : std::string("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")) {
    client.send(std::string_view(&c, 1));
  }
  EXPECT_EQ(body_of(client.read_answer()), "abc");
}

TEST_F(ServerTest, chunked_body_is_put_together) {
  start();
  EXPECT_EQ(body_of(exchange("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n")),
            "abcdefg");
}

TEST_F(ServerTest, client_that_expects_100_continue_is_told_to_go_on) {
  start();
  RawClient client(server_->port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(status_of(client.read_answer()), 100);
  client.send("abc");
  EXPECT_EQ(body_of(client.read_answer()), "abc");
}

TEST_F(ServerTest, close_is_honoured) {
  start();
  RawClient client(server_->port());
  client.send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(client.read_to_end()), 200);
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, head_has_the_header_of_get_and_no_body) {
  start();
  RawClient client(server_->port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_EQ(body_of(answer), "");
}

TEST_F(ServerTest, params_and_query_are_decoded) {
  start();
  EXPECT_EQ(body_of(exchange("GET /tell/a%2Fb/c+d?q=1%202+3&r HTTP/1.1\r\nHost: x\r\n\r\n")),
            "a/b|c+d|1 2 3");
}

TEST_F(ServerTest, unknown_path_is_a_problem_and_the_connection_goes_on) {
  start();
  RawClient client(server_->port());
  client.send("GET /none HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = client.read_answer();
  EXPECT_EQ(status_of(answer), 404);
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/problem+json\r\n"));
  EXPECT_THAT(body_of(answer), HasSubstr("\"type\":\"/problems/not-found\""));
  client.send(kHello);
  EXPECT_EQ(status_of(client.read_answer()), 200);
}

TEST_F(ServerTest, wrong_method_is_told_the_right_ones) {
  start();
  for (const char* method : {"DELETE", "PUT", "BREW"}) {
    const std::string answer = exchange(std::string(method) + " /mine HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(status_of(answer), 405);
    EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD, POST\r\n"));
  }
}

TEST_F(ServerTest, tenant_comes_from_the_key) {
  start();
  EXPECT_EQ(body_of(exchange("GET /mine HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key_ +
                             "\r\n\r\n")),
            "acme");
  EXPECT_EQ(body_of(exchange("GET /mine HTTP/1.1\r\nHost: x\r\nauthorization: bearer " + key_ +
                             "\r\n\r\n")),
            "acme");
}

TEST_F(ServerTest, missing_or_wrong_key_is_401_with_a_challenge) {
  start();
  for (const std::string& line :
       {std::string(), std::string("Authorization: Bearer weir_wrong\r\n"),
        std::string("Authorization: Bearer \r\n"), "Authorization: Basic " + key_ + "\r\n",
        "Authorization: Bearer " + key_ + "x\r\n", "X-Api-Key: " + key_ + "\r\n"}) {
    const std::string answer = exchange("GET /mine HTTP/1.1\r\nHost: x\r\n" + line + "\r\n");
    EXPECT_EQ(status_of(answer), 401) << line;
    EXPECT_THAT(answer, HasSubstr("WWW-Authenticate: Bearer realm=\"weir\""));
    EXPECT_THAT(body_of(answer), HasSubstr("/problems/unauthorized"));
  }
}

TEST_F(ServerTest, throwing_handler_is_500_without_the_reason) {
  start();
  testing::internal::CaptureStderr();
  const std::string answer =
      exchange("GET /throws HTTP/1.1\r\nHost: x\r\nX-Request-Id: r7\r\n\r\n");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(status_of(answer), 500);
  EXPECT_THAT(answer, Not(HasSubstr("secret reason")));
  EXPECT_THAT(body_of(answer), HasSubstr("request id r7"));
  EXPECT_THAT(log, HasSubstr("the secret reason"));
  EXPECT_THAT(log, HasSubstr("\"request_id\":\"r7\""));
}

TEST_F(ServerTest, ids_are_taken_over_or_made) {
  start();
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const std::string taken = exchange(
      "GET /hello HTTP/1.1\r\nHost: x\r\nX-Request-Id: r-1\r\n"
      "Traceparent: " +
      trace + "\r\n\r\n");
  EXPECT_THAT(taken, HasSubstr("X-Request-Id: r-1\r\n"));
  EXPECT_THAT(taken, HasSubstr("traceparent: " + trace + "\r\n"));
  const std::string made = exchange(
      "GET /hello HTTP/1.1\r\nHost: x\r\nX-Request-Id: a b\r\n"
      "Traceparent: 00-zz\r\n\r\n");
  EXPECT_THAT(made, Not(HasSubstr("a b")));
  EXPECT_THAT(made, HasSubstr("X-Request-Id: "));
  EXPECT_THAT(made, Not(HasSubstr("00-zz")));
}

TEST_F(ServerTest, health_readiness_and_metrics_are_built_in) {
  start();
  EXPECT_EQ(status_of(exchange("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")), 200);
  EXPECT_EQ(status_of(exchange("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")), 200);
  exchange(kHello);
  const std::string answer = exchange("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(
      answer,
      HasSubstr("weir_http_requests_total{method=\"GET\",route=\"/hello\",status=\"200\"} 1\n"));
  EXPECT_THAT(answer, HasSubstr("weir_http_request_duration_seconds_count{method=\"GET\","
                                "route=\"/hello\"} 1\n"));
}

TEST_F(ServerTest, not_ready_names_every_reason) {
  server_ = std::make_unique<HttpServer>(options_, metrics_, keys_);
  server_->readiness([] { return std::vector<std::string>{"no \"broker\"", "no database"}; });
  ASSERT_TRUE(server_->start());
  const std::string answer = exchange("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_THAT(body_of(answer), HasSubstr(R"("reasons":["no \"broker\"","no database"])"));
}

TEST_F(ServerTest, health_is_answered_while_every_thread_is_busy) {
  options_.threads = 1;
  start();
  RawClient stuck(server_->port());
  stuck.send("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
  gate_reached(1);
  EXPECT_EQ(status_of(exchange("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")), 200);
  EXPECT_EQ(status_of(exchange("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")), 200);
  open_gate();
  EXPECT_EQ(status_of(stuck.read_answer()), 200);
}

TEST_F(ServerTest, curl_and_our_client_are_understood) {
  start();
  const std::string url = "http://127.0.0.1:" + std::to_string(server_->port());
  const std::string command =
      "curl -sS -m 10 -d '{\"a\":1}' -H 'Authorization: Bearer " + key_ + "' " + url + "/mine 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  char out[256] = {};
  ASSERT_NE(std::fgets(out, sizeof out, pipe), nullptr);
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_STREQ(out, "acme:{\"a\":1}");

  HttpClient client;
  const std::string large(3 << 20, 'x');
  const auto reply = client.post(url + "/echo", {}, large, Deadline::in(10s));
  ASSERT_TRUE(reply) << reply.error().text();
  EXPECT_EQ(reply->body, large);
}

TEST_F(ServerTest, stop_lets_a_running_request_end) {
  start();
  RawClient client(server_->port());
  client.send("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
  gate_reached(1);
  auto stopped = std::async(std::launch::async, [this] { server_->stop(); });
  while (can_connect(server_->port())) {
  }  // until the stop has begun
  open_gate();
  const std::string answer = client.read_to_end();
  stopped.get();
  EXPECT_EQ(body_of(answer), "\"through\"");
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, stop_closes_idle_connections_at_once_and_can_be_repeated) {
  start();
  RawClient client(server_->port());
  client.send(kHello);
  client.read_answer();
  server_->stop();
  server_->stop();
  client.read_to_end();
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, stop_does_not_wait_longer_for_a_half_sent_request_than_it_was_told) {
  options_.drain_timeout = 1ms;
  start();
  RawClient client(server_->port());
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  server_->stop();
  server_.reset();
  client.read_to_end();
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, taken_port_is_named_with_the_way_out) {
  start();
  options_.listen = "127.0.0.1:" + std::to_string(server_->port());
  HttpServer second(options_, metrics_, keys_);
  const Status status = second.start();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unavailable);
  EXPECT_EQ(status.error().text(),
            "HTTP cannot listen on " + options_.listen +
                ": Address already in use (set http.listen to another port, or stop what listens "
                "there)");
}

TEST_F(ServerTest, wrong_address_is_a_fault_of_the_setting) {
  options_.listen = "nowhere";
  HttpServer server(options_, metrics_, keys_);
  const Status status = server.start();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::config);
  EXPECT_THAT(status.error().what, HasSubstr("http.listen: the address 'nowhere' has no port"));
}

TEST(HttpServerOptions, are_declared_under_their_table) {
  Settings settings("weir-x");
  HttpServerOptions options;
  options.declare(settings, "admin", "127.0.0.1:8081");
  EXPECT_EQ(options.listen, "127.0.0.1:8081");
  EXPECT_EQ(options.listen_setting, "admin.listen");
  EXPECT_TRUE(settings.read({"", {{"WEIR_ADMIN_THREADS", "3"}}, {}}).empty());
  EXPECT_EQ(options.threads, 3);
}

}  // namespace
}  // namespace weir
