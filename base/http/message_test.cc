#include "base/http/message.h"

#include "base/http/listen_address.h"
#include "base/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using testing::HasSubstr;

TEST(Percent, every_byte_is_read_back) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(percent_decode(percent_encode(bytes), false), bytes);
  EXPECT_EQ(percent_decode(percent_encode(bytes), true), bytes);
}

TEST(Percent, what_is_no_escape_stays_as_it_is) {
  EXPECT_EQ(percent_decode("%", false), "%");
  EXPECT_EQ(percent_decode("%4", false), "%4");
  EXPECT_EQ(percent_decode("%zz%41", false), "%zzA");
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
}

TEST(Problem, is_json_with_type_title_status_and_detail) {
  const HttpResponse response = problem(413, "/problems/too-large", "Too \"large\"", "send less");
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body, R"({"type":"/problems/too-large","title":"Too \"large\"","status":413,)"
                           R"("detail":"send less"})");
}

TEST(Problem, every_error_has_the_status_that_tells_the_client_what_to_do) {
  const auto status = [](ErrorCode code) { return problem_of({code, "x", "do y"}).status; };
  EXPECT_EQ(status(ErrorCode::invalid), 400);
  EXPECT_EQ(status(ErrorCode::not_found), 404);
  EXPECT_EQ(status(ErrorCode::conflict), 409);
  EXPECT_EQ(status(ErrorCode::denied), 403);
  EXPECT_EQ(status(ErrorCode::full), 503);
  EXPECT_EQ(status(ErrorCode::unavailable), 503);
  EXPECT_EQ(status(ErrorCode::integrity), 500);
  EXPECT_EQ(status(ErrorCode::in_doubt), 500);
  EXPECT_EQ(status(ErrorCode::config), 500);
  const HttpResponse full = problem_of({ErrorCode::full, "the queue is full", "come back"});
  EXPECT_THAT(full.headers, testing::Contains(testing::Pair("Retry-After", "1")));
  EXPECT_THAT(full.body, HasSubstr("the queue is full (come back)"));
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    for (const char* pattern : {"/", "/a/{id}", "/a/fixed", "/a/{id}/{part}", "/b"}) {
      router_.add("GET", pattern, Access::open, nullptr);
    }
    router_.add("POST", "/a/{id}", Access::open, nullptr);
  }
  std::string found(std::string_view method, std::string_view path) {
    const Router::Match match = router_.find(method, path);
    return match.route == nullptr ? "none:" + match.allow : match.route->pattern;
  }
  Router router_;
};

TEST_F(RouterTest, plain_text_beats_a_name) {
  EXPECT_EQ(found("GET", "/a/fixed"), "/a/fixed");
  EXPECT_EQ(found("GET", "/a/other"), "/a/{id}");
  EXPECT_EQ(found("POST", "/a/fixed"), "/a/{id}");
}

TEST_F(RouterTest, a_name_takes_one_segment_that_is_not_empty) {
  EXPECT_EQ(found("GET", "/a/"), "none:");
  EXPECT_EQ(found("GET", "/a"), "none:");
  EXPECT_EQ(found("GET", "/a/x/y/z"), "none:");
  EXPECT_EQ(found("GET", "/b/"), "none:");
  EXPECT_EQ(found("GET", "/"), "/");
  EXPECT_EQ(router_.find("GET", "/a/x%2Fy").params.at("id"), "x/y");
}

TEST_F(RouterTest, other_methods_are_told) {
  EXPECT_EQ(found("PUT", "/a/x"), "none:GET, HEAD, POST");
  EXPECT_EQ(found("HEAD", "/b"), "/b");
}

TEST(ListenAddress, usual_forms_are_read) {
  struct Case {
    const char* text;
    const char* host;
    int port;
  };
  for (const Case& c : {Case{"127.0.0.1:8080", "127.0.0.1", 8080}, Case{":80", "0.0.0.0", 80},
                        Case{"localhost:0", "127.0.0.1", 0}, Case{"[::1]:65535", "::1", 65535},
                        Case{"0.0.0.0:1", "0.0.0.0", 1}}) {
    const auto address = parse_listen_address(c.text);
    ASSERT_TRUE(address) << c.text;
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
  }
}

TEST(ListenAddress, a_socket_is_named_by_its_path) {
  const auto address = parse_listen_address("unix:/run/weir/writer.sock");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->path, "/run/weir/writer.sock");
  EXPECT_FALSE(parse_listen_address("unix:"));
}

TEST(ListenAddress, what_is_none_is_refused_with_its_reason) {
  for (const char* text :
       {"", "127.0.0.1", "8080", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",
        "example.com:80", "::1:80", "[127.0.0.1]:80", "[::1]", "256.0.0.1:80"}) {
    const auto address = parse_listen_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::config);
    EXPECT_THAT(address.error().what, HasSubstr("'" + std::string(text) + "'"));
  }
}

}  // namespace
}  // namespace weir
