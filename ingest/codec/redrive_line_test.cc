#include "ingest/codec/redrive_line.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(RedriveLine, the_event_keeps_its_meaning) {
  const Result<RedriveLine> line = read_redrive_line(
      R"({"partition":3,"event":{"id":"1","units":9007199254740993,"t":"ä\""},"child":17})");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->child, 17);
  EXPECT_EQ(line->partition, 3);
  EXPECT_EQ(line->event, R"({"id":"1","units":9007199254740993,"t":"ä\""})");
}

TEST(RedriveLine, what_is_wrong_is_named) {
  for (const auto& [text, member] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "JSON"},
           {"{}", "child"},
           {R"({"child":0,"partition":0,"event":{}})", "child"},
           {R"({"child":1,"partition":-1,"event":{}})", "partition"},
           {R"({"child":1,"partition":0,"event":[]})", "event"},
           {R"({"child":1,"partition":0})", "event"}}) {
    const Result<RedriveLine> line = read_redrive_line(text);
    ASSERT_FALSE(line) << text;
    EXPECT_EQ(line.error().code, ErrorCode::invalid);
    EXPECT_NE(line.error().what.find(member), std::string::npos) << line.error().what;
  }
}

}  // namespace
}  // namespace weir
