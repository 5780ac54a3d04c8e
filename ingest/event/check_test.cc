#include "ingest/event/check.h"

#include "ingest/event/test_rows.h"

#include <functional>
#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr EventTime kLatest{test::kNow};

RequestRow good_row() {
  RequestRow row;
  row.tenant = "acme";
  row.source = "gw-1";
  row.id = "17";
  row.subscription = "sub-1";
  row.time = EventTime(test::kNow);
  return row;
}

struct Case {
  const char* promise;
  std::function<void(RequestRow&)> spoil;
  std::string_view reason, field;
};

std::string text(std::size_t size) { return std::string(size, 'a'); }

const std::string k64 = text(64), k65 = text(65), k128 = text(128), k129 = text(129),
                  k512 = text(512), k513 = text(513), k2048 = text(2048), k2049 = text(2049);
const RequestRow::Quantity kNegative[] = {{"tokens", -1}};
const RequestRow::Quantity kTooMuch[] = {{"tokens", kUnitsMax + 1}};
const RequestRow::Quantity kNameless[] = {{"", 1}};
const RequestRow::Quantity kNine[9] = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1},
                                       {"f", 1}, {"g", 1}, {"h", 1}, {"i", 1}};

const Case kRefused[] = {
    {"no source", [](RequestRow& r) { r.source = ""; }, reason::kMissing, "source"},
    {"no id", [](RequestRow& r) { r.id = ""; }, reason::kMissing, "id"},
    {"subscription of nobody", [](RequestRow& r) { r.tenant = ""; }, reason::kMissing, "tenant"},
    {"source too long", [](RequestRow& r) { r.source = k65; }, reason::kTooLong, "source"},
    {"id too long", [](RequestRow& r) { r.id = k65; }, reason::kTooLong, "id"},
    {"tenant too long", [](RequestRow& r) { r.tenant = k129; }, reason::kTooLong, "tenant"},
    {"subscription too long", [](RequestRow& r) { r.subscription = k129; }, reason::kTooLong,
     "subscription"},
    {"route too long", [](RequestRow& r) { r.route = k129; }, reason::kTooLong, "route"},
    {"path too long", [](RequestRow& r) { r.path = k2049; }, reason::kTooLong, "path"},
    {"agent too long", [](RequestRow& r) { r.user_agent = k513; }, reason::kTooLong, "user_agent"},
    {"NUL in id",
     [](RequestRow& r) {
       r.id = {"a\0b", 3};
     },
     reason::kControlCharacter, "id"},
    {"tab in subscription", [](RequestRow& r) { r.subscription = "a\tb"; },
     reason::kControlCharacter, "subscription"},
    {"DEL in tenant", [](RequestRow& r) { r.tenant = "a\x7f"; }, reason::kControlCharacter,
     "tenant"},
    {"line end in method", [](RequestRow& r) { r.method = "GET\n"; }, reason::kControlCharacter,
     "method"},
    {"negative units", [](RequestRow& r) { r.units = -1; }, reason::kOutOfRange, "units"},
    {"2^53 + 1 units", [](RequestRow& r) { r.units = kUnitsMax + 1; }, reason::kOutOfRange,
     "units"},
    {"negative quantity", [](RequestRow& r) { r.quantities = kNegative; }, reason::kOutOfRange,
     "quantities"},
    {"quantity too large", [](RequestRow& r) { r.quantities = kTooMuch; }, reason::kOutOfRange,
     "quantities"},
    {"quantity without a name", [](RequestRow& r) { r.quantities = kNameless; }, reason::kMissing,
     "quantities"},
    {"nine quantities", [](RequestRow& r) { r.quantities = kNine; }, reason::kTooLong,
     "quantities"},
    {"status 99", [](RequestRow& r) { r.status = 99; }, reason::kOutOfRange, "status"},
    {"status 1000", [](RequestRow& r) { r.status = 1000; }, reason::kOutOfRange, "status"},
    {"latency -2", [](RequestRow& r) { r.latency_us = -2; }, reason::kOutOfRange, "latency_us"},
    {"before 1970", [](RequestRow& r) { r.time = EventTime(-1); }, reason::kOutOfRange, "time"},
    {"a microsecond too late", [](RequestRow& r) { r.time = kLatest + 1; }, reason::kInFuture,
     "time"},
};

TEST(check_row, refuses_with_reason_and_field) {
  for (const Case& c : kRefused) {
    SCOPED_TRACE(c.promise);
    RequestRow row = good_row();
    c.spoil(row);
    Rejection why;
    EXPECT_FALSE(check_row(row, kLatest, why));
    EXPECT_EQ(why.reason, c.reason);
    EXPECT_EQ(why.field, c.field);
    EXPECT_FALSE(why.detail.empty());
  }
}

TEST(check_row, lets_everything_up_to_the_limits_pass) {
  RequestRow row = good_row();
  row.source = row.id = k64;
  row.tenant = row.subscription = row.api = row.route = row.method = row.client = k128;
  row.path = k2048;
  row.user_agent = k512;
  row.units = kUnitsMax;
  row.status = 999;
  row.latency_us = 0;
  row.quantities = {kNine, 8};
  row.time = kLatest;
  Rejection why;
  EXPECT_TRUE(check_row(row, kLatest, why)) << why.field;
}

TEST(check_row, lets_any_character_pass_in_free_text) {
  RequestRow row = good_row();
  row.path = row.user_agent = row.error = row.trace_id = {"a\0\n\x7f", 4};
  Rejection why;
  EXPECT_TRUE(check_row(row, kLatest, why)) << why.field;
}

TEST(has_control_character, says_of_each_byte_at_each_place_what_it_is) {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        for (char around : {'a', '\x20', '\x80', '\xff'}) {
          std::string text(size, around);
          text[at] = static_cast<char>(byte);
          ASSERT_EQ(has_control_character(text), byte < 0x20 || byte == 0x7f)
              << byte << " at " << at << " of " << size;
        }
      }
    }
  }
  EXPECT_FALSE(has_control_character(""));
}

TEST(check_row, needs_no_tenant_where_there_is_no_subscription) {
  RequestRow row = good_row();
  row.tenant = row.subscription = "";
  Rejection why;
  EXPECT_TRUE(check_row(row, kLatest, why)) << why.field;
}

}  // namespace
}  // namespace weir
