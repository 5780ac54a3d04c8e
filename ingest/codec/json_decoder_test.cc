// What a JSON record may hold, and what is refused with which reason.
#include "ingest/codec/codec.h"
#include "ingest/event/test_rows.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using std::string;
using test::test_key;

const string kGood = R"({"tenant":"acme","source":"gw-1","id":"1","time":"2026-03-01T12:00:00Z"})";
constexpr std::int64_t kNoon = test::kNow;

// One good event with more members.
string with(const string& members) {
  return R"({"tenant":"acme","source":"gw-1","id":"1","time":"2026-03-01T12:00:00Z",)" + members +
         "}";
}
string array(const std::vector<string>& events) {
  string text = "[";
  for (const string& event : events) text += (text.size() > 1 ? "," : "") + event;
  return text + "]";
}

class JsonDecoding : public testing::Test {
 protected:
  JsonDecoding() { context_.latest = EventTime(kNoon) + 300'000'000; }
  void decode(const string& bytes, std::string_view type = kJson) {
    batch_.clear();
    decoder_.decode(type, bytes, context_, batch_, report_);
    EXPECT_EQ(test::broken_invariant(batch_), "");
    EXPECT_EQ(report_.events, report_.whole ? 1u : batch_.rows() + report_.rejections.size());
  }
  const Rejection& only() {
    static const Rejection kNone;
    EXPECT_EQ(report_.rejections.size(), 1u);
    return report_.rejections.size() == 1 ? report_.rejections[0] : kNone;
  }

  Decoder decoder_{test_key()};
  DecodeContext context_;
  RequestBatch batch_;
  DecodeReport report_;
};

TEST_F(JsonDecoding, reads_every_field_of_the_reference) {
  decode(R"({"tenant":"acme","source":"gw-1","id":"x","time":"2026-03-01T12:00:00.5Z",
    "subscription":"sub-1","units":3,"quantities":{"tokens":12,"images":1},"api":"orders",
    "route":"/v1/orders/{id}","method":"GET","status":200,"path":"/v1/orders/17","latency_us":1234,
    "upstream_latency_us":1000,"request_bytes":10,"response_bytes":2000,"client":"192.0.2.0",
    "country":"DE","user_agent":"curl\t\"8\"","gateway":"g","error":"none","trace_id":"t"})");
  ASSERT_EQ(batch_.rows(), 1u);
  std::vector<RequestRow::Quantity> quantities;
  RequestRow row = row_at(batch_, 0, quantities);
  EXPECT_EQ(row.tenant, "acme");
  EXPECT_EQ(row.time.value, kNoon + 500'000);
  EXPECT_EQ(row.subscription, "sub-1");
  EXPECT_EQ(row.units, 3);
  ASSERT_EQ(row.quantities.size(), 2u);
  EXPECT_EQ(row.quantities[0].name, "tokens");
  EXPECT_EQ(row.quantities[1].value, 1);
  EXPECT_EQ(row.route, "/v1/orders/{id}");
  EXPECT_EQ(row.status, 200);
  EXPECT_EQ(row.latency_us, 1234);
  EXPECT_EQ(row.response_bytes, 2000);
  EXPECT_EQ(row.user_agent, "curl\t\"8\"");
  EXPECT_EQ(row.trace_id, "t");
  EXPECT_EQ(batch_.identity[0], test_key().identify("acme", "gw-1", "x"));
}

TEST_F(JsonDecoding, takes_defaults_for_what_is_absent_or_null) {
  decode(R"({"source":"s","id":"1","time":1772366400000000,"units":null,"subscription":null,
    "latency_us":null,"status":null,"quantities":null,"country":null})");
  ASSERT_EQ(batch_.rows(), 1u);
  EXPECT_EQ(batch_.units[0], 1);
  EXPECT_EQ(batch_.subscription.at(0), "");
  EXPECT_EQ(batch_.latency_us[0], kAbsent);
  EXPECT_EQ(batch_.status[0], 0);
  EXPECT_EQ(batch_.time[0].value, kNoon);
}

TEST_F(JsonDecoding, of_a_key_that_comes_twice_the_last_wins) {
  decode(with(R"("units":1,"units":7,"quantities":{"t":1,"t":2})"));
  ASSERT_EQ(batch_.rows(), 1u);
  EXPECT_EQ(batch_.units[0], 7);
  EXPECT_EQ(batch_.quantities.end(0), 1u);
  EXPECT_EQ(batch_.quantities.value(0), 2);
}

TEST_F(JsonDecoding, knows_a_key_that_is_written_with_escapes) {
  decode(with(R"("\u0075nits":7)"));
  ASSERT_EQ(batch_.rows(), 1u);
  EXPECT_EQ(batch_.units[0], 7);
  EXPECT_EQ(report_.unknown_fields, 0u);
}

TEST_F(JsonDecoding, counts_unknown_fields_and_passes_over_them) {
  decode(with(
      R"("x":{"units":"no","y":[1,{"id":2}]},"Units":3,"a_very_long_name_that_nobody_knows":1)"));
  ASSERT_EQ(batch_.rows(), 1u);
  EXPECT_EQ(batch_.units[0], 1);
  EXPECT_EQ(report_.unknown_fields, 3u);
}

struct Refused {
  string event;
  std::string_view reason, field;
};

std::vector<Refused> refused_events() {
  string u = "\xff";
  return {
      {R"({"tenant":"a","id":"1","time":1})", reason::kMissing, "source"},
      {R"({"tenant":"a","source":"s","time":1})", reason::kMissing, "id"},
      {R"({"tenant":"a","source":"s","id":"1"})", reason::kMissing, "time"},
      {R"({"tenant":"a","source":"s","id":"1","time":null})", reason::kMissing, "time"},
      {R"({"source":"s","id":"1","time":1,"subscription":"x"})", reason::kMissing, "tenant"},
      {R"({"tenant":"a","source":"s","id":1,"time":1})", reason::kWrongType, "id"},
      {with(R"("units":"1")"), reason::kWrongType, "units"},
      {with(R"("units":1.0)"), reason::kWrongType, "units"},
      {with(R"("units":1e3)"), reason::kWrongType, "units"},
      {with(R"("units":true)"), reason::kWrongType, "units"},
      {with(R"("units":[1])"), reason::kWrongType, "units"},
      {with(R"("units":{"a":1})"), reason::kWrongType, "units"},
      {with(R"("units":-1)"), reason::kOutOfRange, "units"},
      {with(R"("units":9007199254740993)"), reason::kOutOfRange, "units"},
      {with(R"("units":9223372036854775808)"), reason::kOutOfRange, "units"},
      {with(R"("units":99999999999999999999999999)"), reason::kOutOfRange, "units"},
      {with(R"("units":-9223372036854775809)"), reason::kOutOfRange, "units"},
      {with(R"("latency_us":-1)"), reason::kOutOfRange, "latency_us"},
      {with(R"("status":99)"), reason::kOutOfRange, "status"},
      {with(R"("status":70000)"), reason::kOutOfRange, "status"},
      {with(R"("status":"200")"), reason::kWrongType, "status"},
      {with(R"("quantities":[])"), reason::kWrongType, "quantities"},
      {with(R"("quantities":{"t":"1"})"), reason::kWrongType, "quantities"},
      {with(R"("quantities":{"t":-1})"), reason::kOutOfRange, "quantities"},
      {with(R"("quantities":{"":1})"), reason::kMissing, "quantities"},
      {with(R"("quantities":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1})"),
       reason::kTooLong, "quantities"},
      {with(R"("time":"yesterday")"), reason::kMalformed, "time"},
      {with(R"("time":"2026-02-30T00:00:00Z")"), reason::kMalformed, "time"},
      {with(R"("time":1.5)"), reason::kWrongType, "time"},
      {with(R"("time":-1)"), reason::kOutOfRange, "time"},
      {with(R"("time":"2026-03-01T13:00:00Z")"), reason::kInFuture, "time"},
      {with(R"("id":"a\u0000b")"), reason::kControlCharacter, "id"},
      {with(R"("subscription":"a\nb")"), reason::kControlCharacter, "subscription"},
      {with(R"("subscription":")" + string(129, 'a') + "\""), reason::kTooLong, "subscription"},
      {with(R"("path":")" + string(2049, 'a') + "\""), reason::kTooLong, "path"},
      {with(R"("user_agent":")" + string(513, 'a') + "\""), reason::kTooLong, "user_agent"},
      {with(R"("api":"\ud800")"), reason::kMalformed, "api"},
      {with(R"("api":"\q")"), reason::kMalformed, "api"},
      {with(R"("id":"a)" + u + "b\""), reason::kBadUtf8, "id"},
      {with(R"("user_agent":"a)" + u + "b\""), reason::kBadUtf8, "user_agent"},
      {with(R"("id":"a)" + string(1, '\0') + "b\""), reason::kControlCharacter, "id"},
      {with("\"user_agent\":\"a\nb\""), reason::kControlCharacter, "user_agent"},
      {"17", reason::kWrongType, ""},
      {"[]", reason::kWrongType, ""},
      {"\"text\"", reason::kWrongType, ""},
      {"null", reason::kWrongType, ""},
  };
}

TEST_F(JsonDecoding, refuses_an_event_with_reason_and_field_and_never_its_neighbours) {
  for (const Refused& c : refused_events()) {
    SCOPED_TRACE(c.event.substr(0, 200));
    decode(array({kGood, c.event, with(R"("units":5)")}));
    EXPECT_FALSE(report_.whole);
    ASSERT_EQ(batch_.rows(), 2u);
    EXPECT_EQ(batch_.units[1], 5);
    EXPECT_EQ(only().reason, c.reason);
    EXPECT_EQ(only().field, c.field);
    EXPECT_EQ(only().row, 1u);
    EXPECT_EQ(report_.row_index, (std::vector<std::uint32_t>{0, 2}));
  }
}

TEST_F(JsonDecoding, refuses_a_line_with_reason_and_field_and_never_its_neighbours) {
  for (const Refused& c : refused_events()) {
    if (c.event.find('\n') != string::npos) continue;  // two lines
    SCOPED_TRACE(c.event.substr(0, 200));
    decode(kGood + "\n" + c.event + "\r\n\n" + with(R"("units":5)"), kNdjson);
    EXPECT_FALSE(report_.whole);
    ASSERT_EQ(batch_.rows(), 2u);
    EXPECT_EQ(batch_.units[1], 5);
    EXPECT_EQ(only().reason, c.reason);
    EXPECT_EQ(only().field, c.field);
    EXPECT_EQ(only().row, 1u);
  }
}

TEST_F(JsonDecoding, a_line_that_is_no_json_costs_that_line_alone) {
  const string broken[] = {"{",       "}",          "{\"id\":}",   "{\"id\" 1}",
                           "garbage", "{\"a\":1}}", kGood + kGood, "[" + kGood,
                           "\"open",  "{\"a\":tru", "\xff\xff",    "{\"id\":\"1\",}"};
  for (const string& line : broken) {
    SCOPED_TRACE(line);
    decode(kGood + "\n" + line + "\n" + kGood + "\n", kNdjson);
    EXPECT_EQ(batch_.rows(), 2u);
    EXPECT_EQ(only().row, 1u);
  }
}

TEST_F(JsonDecoding, what_is_no_json_is_one_whole_rejection) {
  const string broken[] = {"",
                           " ",
                           "{",
                           "}",
                           "[",
                           "]",
                           "{]",
                           "[}",
                           "garbage",
                           "{\"id\":}",
                           "[" + kGood,
                           kGood + "]",
                           kGood + kGood,
                           "[" + kGood + "," + kGood,
                           "[" + kGood + "," + kGood + "]]",
                           "[" + kGood + " " + kGood + "]",
                           "[" + kGood + ",]",
                           "[," + kGood + "]",
                           "[" + kGood + "]x",
                           "\"open",
                           "{\"a\":\"open}",
                           "tru",
                           "[1,2",
                           "{\"a\" 1}",
                           "{1:2}",
                           "{\"a\":1 \"b\":2}",
                           kGood.substr(0, kGood.size() / 2)};
  for (const string& text : broken) {
    SCOPED_TRACE(text);
    decode(text);
    EXPECT_TRUE(report_.whole || (report_.events == 1 && batch_.rows() == 0));
    EXPECT_EQ(batch_.rows(), 0u);
    EXPECT_EQ(report_.rejections.size(), 1u);
  }
}

TEST_F(JsonDecoding, a_whole_rejection_leaves_the_batch_as_it_was) {
  decoder_.decode(kJson, array({kGood, kGood}), context_, batch_, report_);
  RequestBatch before;
  before.append(batch_, 0, 2);
  decoder_.decode(kJson, "[" + kGood + "," + with("\"units\":2") + ",{]", context_, batch_,
                  report_);
  EXPECT_TRUE(report_.whole);
  EXPECT_EQ(only().reason, reason::kMalformed);
  EXPECT_EQ(test::difference(batch_, before), "");
}

TEST_F(JsonDecoding, bears_a_hundred_thousand_brackets) {
  string open(100'000, '['), close(100'000, ']');
  string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  decode(open);
  EXPECT_TRUE(report_.whole);
  decode(objects);
  EXPECT_TRUE(report_.whole);
  decode(open + close);
  EXPECT_EQ(batch_.rows(), 0u);
  decode(array({kGood, with("\"x\":" + open + close), kGood}));
  EXPECT_EQ(batch_.rows(), 3u);
  decode(array({kGood, with("\"units\":" + open + close), kGood}));
  EXPECT_EQ(batch_.rows(), 2u);
  EXPECT_EQ(only().reason, reason::kWrongType);
}

TEST_F(JsonDecoding, refuses_a_record_that_is_too_large_before_it_reads_it) {
  context_.record_bytes_max = 1000;
  decode(array({kGood, with("\"path\":\"" + string(1000, 'a') + "\"")}));
  EXPECT_TRUE(report_.whole);
  EXPECT_EQ(only().reason, reason::kRecordTooLarge);
}

TEST_F(JsonDecoding, an_empty_array_and_no_lines_are_no_events) {
  decode("[]");
  EXPECT_EQ(report_.events, 0u);
  decode("\n \r\n\n", kNdjson);
  EXPECT_EQ(report_.events, 0u);
  EXPECT_TRUE(report_.rejections.empty());
}

TEST_F(JsonDecoding, the_tenant_of_the_key_is_the_tenant) {
  context_.tenant = "acme";
  decode(array({R"({"source":"s","id":"1","time":1,"subscription":"x"})", kGood,
                R"({"tenant":"other","source":"s","id":"1","time":1})"}));
  ASSERT_EQ(batch_.rows(), 2u);
  EXPECT_EQ(batch_.tenant.at(0), "acme");
  EXPECT_EQ(batch_.identity[0], test_key().identify("acme", "s", "1"));
  EXPECT_EQ(only().reason, reason::kTenantMismatch);
}

TEST_F(JsonDecoding, passes_over_the_parameters_and_case_of_the_content_type) {
  for (std::string_view type : {"", "Application/JSON", "application/json; charset=utf-8"}) {
    decode(kGood, type);
    EXPECT_EQ(batch_.rows(), 1u) << type;
  }
  for (std::string_view type :
       {"text/plain", "application/jsonx", "application/vnd.weir.barrier"}) {
    decode(kGood, type);
    EXPECT_TRUE(report_.whole);
    EXPECT_EQ(only().reason, reason::kUnknownContentType);
  }
}

// ---- CloudEvents ------------------------------------------------------------------------------

string cloud(const string& members) {
  return R"({"specversion":"1.0","type":"t","source":"gw-1","id":"1","subject":"sub-1",)"
         R"("time":"2026-03-01T12:00:00Z",)" +
         members + "}";
}

TEST_F(JsonDecoding, reads_a_cloud_event) {
  decode(cloud(R"("datacontenttype":"application/json","myextension":1,
    "data":{"tenant":"acme","units":4,"source":"not me","id":"nor me","subscription":"nor me"})"),
         kCloudEvent);
  ASSERT_EQ(batch_.rows(), 1u);
  EXPECT_EQ(batch_.subscription.at(0), "sub-1");
  EXPECT_EQ(batch_.units[0], 4);
  EXPECT_EQ(batch_.identity[0], test_key().identify("acme", "gw-1", "1"));
  EXPECT_EQ(batch_.time[0].value, kNoon);
  EXPECT_EQ(report_.unknown_fields, 1u);
}

TEST_F(JsonDecoding, takes_time_and_subscription_from_the_data_where_the_attributes_have_none) {
  decode(R"({"specversion":"1.0","type":"t","source":"s","id":"1",
    "data":{"tenant":"acme","subscription":"x","time":1772366400000000}})",
         kCloudEvent);
  ASSERT_EQ(batch_.rows(), 1u);
  EXPECT_EQ(batch_.subscription.at(0), "x");
  EXPECT_EQ(batch_.time[0].value, kNoon);
}

TEST_F(JsonDecoding, refuses_a_cloud_event_with_reason_and_field_and_never_its_neighbours) {
  string good = cloud(R"("data":{"tenant":"acme"})");
  const Refused cases[] = {
      {cloud(R"("data":{"tenant":"acme","units":"1"})"), reason::kWrongType, "units"},
      {cloud(R"("data":"text")"), reason::kWrongType, "data"},
      {cloud(R"("data_base64":"AAAA")"), reason::kWrongType, "data_base64"},
      {cloud(R"("specversion":"0.3")"), reason::kUnknownVersion, "specversion"},
      {R"({"type":"t","source":"s","id":"1","time":1})", reason::kMissing, "specversion"},
      {R"({"specversion":"1.0","source":"s","id":"1"})", reason::kMissing, "type"},
      {R"({"specversion":"1.0","type":"t","id":"1","time":1})", reason::kMissing, "source"},
      {R"({"specversion":"1.0","type":"t","source":"s","id":"1"})", reason::kMissing, "time"},
      {cloud(R"("id":7)"), reason::kWrongType, "id"},
  };
  for (const Refused& c : cases) {
    SCOPED_TRACE(c.event);
    decode(array({good, c.event, good}), kCloudEventBatch);
    EXPECT_EQ(batch_.rows(), 2u);
    EXPECT_EQ(only().reason, c.reason);
    EXPECT_EQ(only().field, c.field);
  }
}

}  // namespace
}  // namespace weir
