#include "ingest/codec/log_line.h"

#include "ingest/event/test_rows.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using std::string;
using test::test_key;

class Lines : public testing::Test {
 protected:
  Lines() {
    context_.tenant = "acme";
    context_.source = "file";
    context_.id = "id-1";
    context_.latest = EventTime(test::kNow);
    context_.routes = &routes_;
  }
  void make(LineOptions options) {
    auto made = LineDecoder::make(std::move(options), test_key());
    ASSERT_TRUE(made.ok()) << made.error().text();
    decoder_ = std::make_unique<LineDecoder>(*std::move(made));
  }
  void combined(LineOptions options = {}) { make(std::move(options)); }
  void nginx(LineOptions options = {}) {
    options.format = LineFormat::nginx_json;
    make(std::move(options));
  }
  bool decode(const string& line) {
    batch_.clear();
    why_ = Rejection{};
    bool good = decoder_->decode_line(line, context_, batch_, why_);
    EXPECT_EQ(batch_.rows(), good ? 1u : 0u);
    EXPECT_EQ(test::broken_invariant(batch_), "");
    return good;
  }
  RequestRow row() { return row_at(batch_, 0, quantities_); }
  void expect_row(const string& line) { EXPECT_TRUE(decode(line)) << line << ": " << why_.field; }
  void expect_refused(const string& line, std::string_view reason, std::string_view field) {
    EXPECT_FALSE(decode(line)) << line;
    EXPECT_EQ(why_.reason, reason) << line;
    EXPECT_EQ(why_.field, field) << line;
    EXPECT_FALSE(why_.detail.empty()) << line;
  }

  RouteTemplates routes_ = *RouteTemplates::make({});
  LineContext context_;
  std::unique_ptr<LineDecoder> decoder_;
  RequestBatch batch_;
  Rejection why_;
  std::vector<RequestRow::Quantity> quantities_;
};

const string kHead = "192.0.2.17 - ada [17/May/2015:10:05:03 +0200] ";
const string kTail = " 200 512 \"https://example.org/\" \"curl/8\"";
const string kGood = kHead + "\"GET /v1/orders/17?x=1 HTTP/1.1\"" + kTail;

// ---- combined ---------------------------------------------------------------------------------

TEST_F(Lines, of_combined_become_rows) {
  combined();
  expect_row(kGood);
  RequestRow r = row();
  EXPECT_EQ(r.tenant, "acme");
  EXPECT_EQ(r.source, "file");
  EXPECT_EQ(r.id, "id-1");
  EXPECT_EQ(r.time.value, 1'431'849'903'000'000);  // 08:05:03 UTC
  EXPECT_EQ(r.method, "GET");
  EXPECT_EQ(r.path, "/v1/orders/17?x=1");
  EXPECT_EQ(r.route, "/v1/orders/{id}");
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.response_bytes, 512);
  EXPECT_EQ(r.user_agent, "curl/8");
  EXPECT_EQ(r.client, "192.0.2.0");
  EXPECT_EQ(r.units, 1);
  EXPECT_EQ(r.latency_us, kAbsent);
  EXPECT_EQ(r.subscription, "");
  EXPECT_EQ(batch_.identity[0], test_key().identify("acme", "file", "id-1"));
}

TEST_F(Lines, of_combined_may_bear_dashes_escapes_spaces_and_ipv6) {
  combined();
  expect_row(
      "2001:db8:1:2::3 - - [01/Jan/2020:00:00:00 +0000] \"GET /a b HTTP/1.0\" 304 - \"-\" \"-\"\r");
  EXPECT_EQ(row().client, "2001:db8:1::");
  EXPECT_EQ(row().path, "/a b");
  EXPECT_EQ(row().response_bytes, kAbsent);
  EXPECT_EQ(row().user_agent, "");
  expect_row(kHead + R"("GET /\"q\"\\\x41 HTTP/2.0" 200 1 "a \"b\"" "agent \"7\" \x5c")");
  EXPECT_EQ(row().path, "/\"q\"\\A");
  EXPECT_EQ(row().user_agent, "agent \"7\" \\");
  expect_row("host.example.org - - [01/Jan/2020:00:00:00 +0000] \"GET / HTTP/2\" 200 1 \"\" \"\"");
  EXPECT_EQ(row().client, "");
}

TEST_F(Lines, mend_what_a_client_sent_and_the_server_escaped) {
  combined();
  expect_row(kHead + R"("GET /\xff\x00 HTTP/1.1" 200 1 "-" "caf\xc3\xa9 \xe9")");
  EXPECT_EQ(row().path, string("/\xEF\xBF\xBD\0", 5));
  EXPECT_EQ(row().user_agent, "caf\xC3\xA9 \xEF\xBF\xBD");
  EXPECT_EQ(row().route, "/{text}");
}

TEST_F(Lines, of_combined_may_end_in_the_request_time) {
  combined();
  expect_row(kGood + " 0.123");
  EXPECT_EQ(row().latency_us, 123'000);
  expect_row(kGood + " 12.3456789");
  EXPECT_EQ(row().latency_us, 12'345'678);
  expect_row(kGood + " 4321");
  EXPECT_EQ(row().latency_us, 4321);
  expect_row(kGood + " -");
  EXPECT_EQ(row().latency_us, kAbsent);
}

TEST_F(Lines, of_combined_are_refused_by_reason_and_field) {
  combined();
  struct Case {
    string line;
    std::string_view reason, field;
  };
  const string request = "\"GET / HTTP/1.1\"";
  const Case cases[] = {
      {"", reason::kMalformed, "line"},
      {"garbage", reason::kTruncated, "ident"},
      {" - - [", reason::kMalformed, "client"},
      {kHead, reason::kTruncated, "request"},
      {kHead + "\"GET / HTTP", reason::kTruncated, "request"},
      {kHead + "GET / HTTP/1.1" + kTail, reason::kMalformed, "request"},
      {kHead + "\"-\"" + kTail, reason::kMalformed, "request"},
      {kHead + "\"\"" + kTail, reason::kMalformed, "request"},
      {kHead + "\"GET /\"" + kTail, reason::kMalformed, "request"},
      {kHead + "\"get / HTTP/1.1\"" + kTail, reason::kMalformed, "request"},
      {kHead + "\"GET / HTTX/1.1\"" + kTail, reason::kMalformed, "request"},
      {kHead + R"("\x16\x03\x01")" + kTail, reason::kMalformed, "request"},
      {kHead + R"("GET /\q HTTP/1.1")" + kTail, reason::kMalformed, "request"},
      {kHead + request + " 20 512 \"-\" \"-\"", reason::kMalformed, "status"},
      {kHead + request + " 2x0 512 \"-\" \"-\"", reason::kMalformed, "status"},
      {kHead + request + " 099 512 \"-\" \"-\"", reason::kOutOfRange, "status"},
      {kHead + request + " 200 12x \"-\" \"-\"", reason::kMalformed, "response_bytes"},
      {kHead + request + " 200 -1 \"-\" \"-\"", reason::kMalformed, "response_bytes"},
      {kHead + request + " 200 99999999999999999999 \"-\" \"-\"", reason::kMalformed,
       "response_bytes"},
      {kHead + request + " 200 512", reason::kTruncated, "referer"},
      {kHead + request + " 200 512 \"-\"", reason::kTruncated, "user_agent"},
      {kHead + request + " 200 512 \"-\" \"Mozilla (X11;", reason::kTruncated, "user_agent"},
      {kHead + request + " 200 512 \"-\" \"agent\\\"", reason::kTruncated, "user_agent"},
      {kHead + request + " 200 512 \"-\"\"a\"", reason::kMalformed, "user_agent"},
      {kGood + " 0.1s", reason::kMalformed, "latency_us"},
      {kGood + " -1", reason::kMalformed, "latency_us"},
      {kGood + " ", reason::kTruncated, "latency_us"},
      {kGood + " 0.1 0.2", reason::kMalformed, "line"},
      {kGood + kGood, reason::kMalformed, "latency_us"},
      {"1.2.3.4 - - 17/May/2015:10:05:03 +0000 " + request + kTail, reason::kMalformed, "time"},
      {"1.2.3.4 - - [17/May/2015:10:05:03 +0000 " + request, reason::kTruncated, "time"},
      {"1.2.3.4 - - [31/Feb/2015:10:05:03 +0000] " + request + kTail, reason::kMalformed, "time"},
      {"1.2.3.4 - - [17/Mai/2015:10:05:03 +0000] " + request + kTail, reason::kMalformed, "time"},
      {"1.2.3.4 - - [17/May/2015:24:05:03 +0000] " + request + kTail, reason::kMalformed, "time"},
      {"1.2.3.4 - - [17/May/2015:10:05:03] " + request + kTail, reason::kMalformed, "time"},
      {"1.2.3.4 - - [17/May/1969:10:05:03 +0000] " + request + kTail, reason::kOutOfRange, "time"},
      {"1.2.3.4 - - [17/May/2099:10:05:03 +0000] " + request + kTail, reason::kInFuture, "time"},
      {kHead + "\"GET /\xff HTTP/1.1\"" + kTail, reason::kBadUtf8, "request"},
      {kHead + request + " 200 512 \"-\" \"a\xff\"", reason::kBadUtf8, "user_agent"},
      {kHead + request + " 200 512 \"-\" \"" + string(1, '\0') + "\"", reason::kControlCharacter,
       "user_agent"},
      {kHead + "\"GET /" + string(2048, 'a') + " HTTP/1.1\"" + kTail, reason::kTooLong, "path"},
      {kHead + request + " 200 512 \"-\" \"" + string(513, 'a') + "\"", reason::kTooLong,
       "user_agent"},
  };
  for (const Case& c : cases) expect_refused(c.line, c.reason, c.field);
}

TEST_F(Lines, bear_the_subscription_of_the_user_or_the_client) {
  combined({.subscription_from = "user"});
  expect_row(kGood);
  EXPECT_EQ(row().subscription, "ada");
  combined({.subscription_from = "client"});
  expect_row(kGood);
  EXPECT_EQ(row().subscription, "192.0.2.17");
  combined({.subscription_from = "user",
            .subscriptions = {{"ada", "sub-1"}},
            .default_subscription = "rest"});
  expect_row(kGood);
  EXPECT_EQ(row().subscription, "sub-1");
  expect_row("1.2.3.4 - bob [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\"" + kTail);
  EXPECT_EQ(row().subscription, "rest");
  expect_row("1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\"" + kTail);
  EXPECT_EQ(row().subscription, "rest");
}

TEST_F(Lines, with_a_subscription_need_a_tenant) {
  combined({.subscription_from = "user"});
  context_.tenant = "";
  expect_refused(kGood, reason::kMissing, "tenant");
}

TEST_F(Lines, that_are_refused_make_no_template_known) {
  combined();
  expect_refused(kHead + "\"GET /new HTTP/1.1\" 099 1 \"-\" \"-\"", reason::kOutOfRange, "status");
  EXPECT_EQ(routes_.size(), 0u);
}

// ---- nginx's JSON -----------------------------------------------------------------------------

const string kNginx =
    R"({"msec":"1772366399.123","request_id":"r1","tenant":"acme","subscription":"sub-1","api":"shop",)"
    R"("method":"GET","uri":"/v1/orders/17","status":"404","request_time":"0.010",)"
    R"("upstream_response_time":"0.001, 0.002 : -","request_length":"77","bytes_sent":"512",)"
    R"("remote_addr":"192.0.2.17","http_user_agent":"curl\/8"})";

string without(string line, const string& member) {
  std::size_t begin = line.find("\"" + member + "\"");
  std::size_t end = line.find("\",\"", begin);
  return line.erase(begin, end + 2 - begin);
}
string replaced(string line, const string& from, const string& to) {
  return line.replace(line.find(from), from.size(), to);
}

TEST_F(Lines, of_nginx_become_rows) {
  nginx();
  expect_row(kNginx);
  RequestRow r = row();
  EXPECT_EQ(r.time.value, 1'772'366'399'123'000);
  EXPECT_EQ(r.subscription, "sub-1");
  EXPECT_EQ(r.api, "shop");
  EXPECT_EQ(r.method, "GET");
  EXPECT_EQ(r.path, "/v1/orders/17");
  EXPECT_EQ(r.route, "/v1/orders/{id}");
  EXPECT_EQ(r.status, 404);
  EXPECT_EQ(r.latency_us, 10'000);
  EXPECT_EQ(r.upstream_latency_us, 3'000);
  EXPECT_EQ(r.request_bytes, 77);
  EXPECT_EQ(r.response_bytes, 512);
  EXPECT_EQ(r.client, "192.0.2.0");
  EXPECT_EQ(r.user_agent, "curl/8");
  EXPECT_EQ(r.trace_id, "r1");
}

TEST_F(Lines, of_nginx_may_lack_bear_numbers_and_say_the_request_whole) {
  nginx();
  expect_row(
      R"({"time_iso8601":"2026-03-01T13:00:00+01:00","request":"PUT /x HTTP/1.1","status":201,)"
      R"("request_time":1.5,"upstream_response_time":"-","bytes_sent":null,"other":[1,{}]})");
  RequestRow r = row();
  EXPECT_EQ(r.time.value, test::kNow);
  EXPECT_EQ(r.method, "PUT");
  EXPECT_EQ(r.path, "/x");
  EXPECT_EQ(r.status, 201);
  EXPECT_EQ(r.latency_us, 1'500'000);
  EXPECT_EQ(r.upstream_latency_us, kAbsent);
  EXPECT_EQ(r.response_bytes, kAbsent);
  EXPECT_EQ(r.subscription, "");
}

TEST_F(Lines, of_nginx_follow_the_mapping_and_its_order) {
  LineOptions options;
  options.fields = {{"subscription", "key|user"}, {"units", "cost"}, {"time", "at"}};
  options.subscriptions = {{"k1", "sub-1"}};
  nginx(options);
  expect_row(R"({"user":"u","key":"k1","cost":"5","at":"17/May/2015:10:05:03 +0000"})");
  EXPECT_EQ(row().subscription, "sub-1");
  EXPECT_EQ(row().units, 5);
  EXPECT_EQ(row().time.value, 1'431'857'103'000'000);
  expect_row(R"({"user":"k1","key":"-","at":"1431857103.5"})");
  EXPECT_EQ(row().subscription, "sub-1");
  expect_row(R"({"user":"nobody","at":"1431857103"})");
  EXPECT_EQ(row().subscription, "");
}

TEST_F(Lines, of_nginx_are_refused_by_reason_and_field) {
  nginx();
  struct Case {
    string line;
    std::string_view reason, field;
  };
  const Case cases[] = {
      {"{", reason::kMalformed, "line"},
      {"[1]", reason::kMalformed, "line"},
      {kNginx + "x", reason::kMalformed, "line"},
      {kNginx + kNginx, reason::kMalformed, "line"},
      {kNginx.substr(0, 100), reason::kMalformed, "line"},
      {without(kNginx, "msec"), reason::kMissing, "time"},
      {replaced(kNginx, "1772366399.123", "soon"), reason::kMalformed, "time"},
      {replaced(kNginx, "1772366399.123", "1972366399.123"), reason::kInFuture, "time"},
      {replaced(kNginx, "\"404\"", "\"4x4\""), reason::kMalformed, "status"},
      {replaced(kNginx, "\"404\"", "\"4\""), reason::kOutOfRange, "status"},
      {replaced(kNginx, "\"404\"", "true"), reason::kMalformed, "status"},
      {replaced(kNginx, "\"404\"", "{}"), reason::kMalformed, "status"},
      {replaced(kNginx, "0.010", "-0.010"), reason::kMalformed, "latency_us"},
      {replaced(kNginx, "0.010", "1e3"), reason::kMalformed, "latency_us"},
      {replaced(kNginx, "\"77\"", "1.5"), reason::kMalformed, "request_bytes"},
      {replaced(kNginx, "sub-1", string(129, 'a')), reason::kTooLong, "subscription"},
      {replaced(kNginx, "sub-1", "\xff"), reason::kBadUtf8, "subscription"},
      {replaced(kNginx, "sub-1", "a\\u0000"), reason::kControlCharacter, "subscription"},
      {replaced(kNginx, "curl", string(1, '\0')), reason::kControlCharacter, "user_agent"},
      {replaced(kNginx, "\"acme\"", "\"other\""), reason::kTenantMismatch, "tenant"},
      {R"({"msec":"1.0","request":"","status":"400"})", reason::kMalformed, "request"},
      {R"({"msec":"1.0","method":"","uri":"","status":"400"})", reason::kMalformed, "request"},
  };
  for (const Case& c : cases) expect_refused(c.line, c.reason, c.field);
}

TEST_F(Lines, of_nginx_mend_what_a_client_sent) {
  nginx();
  expect_row(replaced(replaced(kNginx, "curl", "a\xff"), "/v1", "/\xc3"));
  EXPECT_EQ(row().user_agent, "a\xEF\xBF\xBD/8");
  EXPECT_EQ(row().path, "/\xEF\xBF\xBD/orders/17");
}

TEST(line_decoder, refuses_options_that_cannot_be_meant) {
  LineOptions options{.format = LineFormat::nginx_json,
                      .fields = {{"colour", "x"}, {"path", "p"}, {"size", "y"}}};
  auto made = LineDecoder::make(options, test_key());
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().what.find("colour, size"), string::npos);
  LineOptions from{.subscription_from = "moon"};
  EXPECT_FALSE(LineDecoder::make(from, test_key()).ok());
  EXPECT_FALSE(line_format_of("common").ok());
  EXPECT_EQ(*line_format_of("nginx_json"), LineFormat::nginx_json);
}

}  // namespace
}  // namespace weir
