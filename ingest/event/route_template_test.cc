#include "ingest/event/route_template.h"

#include "ingest/event/limits.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace weir {
namespace {

RouteTemplates templates(const std::vector<std::string>& rules = {}, std::size_t most = 2000) {
  return *RouteTemplates::make(rules, most);
}

TEST(route_templates, replace_what_looks_like_an_identifier) {
  const std::pair<const char*, const char*> cases[] = {
      {"/v1/orders/17", "/v1/orders/{id}"},
      {"/v1/orders/17?x=1", "/v1/orders/{id}"},
      {"/v1/orders#top", "/v1/orders"},
      {"/v1/orders;jsessionid=9", "/v1/orders"},
      {"/v2", "/v2"},
      {"/u/123e4567-e89b-12d3-a456-426614174000/x", "/u/{uuid}/x"},
      {"/c/9f8e7d6c", "/c/{id}"},
      {"/c/deadbeef", "/c/deadbeef"},
      {"/c/9f8e7d6", "/c/9f8e7d6"},
      {"/t/1aGx82kPq0Zz7Yb3", "/t/{id}"},
      {"/o/ord_17", "/o/{id}"},
      {"/o/cust-42", "/o/{id}"},
      {"/presentations/logstash-monitorama-2013/images",
       "/presentations/logstash-monitorama-2013/images"},
      {"/a%20b/c", "/{text}/c"},
      {"/caf\xC3\xA9", "/{text}"},
      {"//a///b/", "/a/b"},
      {"/", "/"},
      {"///", "/"},
      {"", ""},
      {"*", "*"},
      {"http://host:80/a/1", "/a/{id}"},
      {"http://host", "/"},
      {"host:443", "{text}"},
  };
  RouteTemplates routes = templates();
  for (const auto& [path, expected] : cases) EXPECT_EQ(routes.of(path), expected) << path;
}

TEST(route_templates, ask_the_operators_rules_first_and_in_order) {
  RouteTemplates routes =
      templates({"/users/{name}/files/{rest...}", "/users/me", "/users/{name}", "/v1/{x}/17"});
  EXPECT_EQ(routes.of("/users/ada"), "/users/{name}");
  EXPECT_EQ(routes.of("/users/me"), "/users/me");
  EXPECT_EQ(routes.of("/users/ada/files/a/b/1"), "/users/{name}/files/{rest...}");
  EXPECT_EQ(routes.of("/users/ada/files"), "/users/ada/files");
  EXPECT_EQ(routes.of("/v1/abc/17"), "/v1/{x}/17");
  EXPECT_EQ(routes.of("/v1/abc/18"), "/v1/abc/{id}");
}

TEST(route_templates, beyond_the_cap_are_other_and_counted) {
  RouteTemplates routes = templates({}, 2);
  EXPECT_EQ(routes.of("/a"), "/a");
  EXPECT_EQ(routes.of("/b/1"), "/b/{id}");
  EXPECT_EQ(routes.of("/c"), RouteTemplates::kOther);
  EXPECT_EQ(routes.of("/d"), RouteTemplates::kOther);
  EXPECT_EQ(routes.of("/b/2"), "/b/{id}");
  EXPECT_EQ(routes.overflowed(), 2u);
  EXPECT_EQ(routes.size(), 2u);
}

TEST(route_templates, refuse_rules_that_cannot_be_meant) {
  auto result =
      RouteTemplates::make({"users", "/a//b", "/{r...}/x", "/fine", std::string(200, '/')});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::config);
  for (const char* rule : {"\"users\"", "\"/a//b\"", "\"/{r...}/x\""}) {
    EXPECT_NE(result.error().what.find(rule), std::string::npos) << rule;
  }
  EXPECT_EQ(result.error().what.find("/fine"), std::string::npos);
}

RC_GTEST_PROP(route_templates, of_any_bytes_are_short_printable_and_their_own_template,
              (const std::string& bytes)) {
  RouteTemplates routes = templates();
  std::string path = "/" + bytes;
  std::string route(routes.of(path));
  RC_ASSERT(route.size() <= kNameBytesMax);
  for (char c : route) RC_ASSERT(c > 0x20 && c < 0x7f);
  RC_ASSERT(routes.of(route) == route);
}

TEST(route_templates, of_endless_paths_end_in_rest) {
  RouteTemplates routes = templates();
  std::string path;
  for (int i = 0; i < 100; ++i) path += "/segment";
  std::string_view route = routes.of(path);
  EXPECT_LE(route.size(), kNameBytesMax);
  EXPECT_TRUE(route.ends_with("/{rest}"));
  EXPECT_EQ(routes.of("/" + std::string(5000, 'a')), "/{rest}");
}

}  // namespace
}  // namespace weir
