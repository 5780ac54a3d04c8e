#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <thread>
#include <vector>

namespace weir {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

class LogTest : public testing::Test {
 protected:
  void SetUp() override { start_log("weir-test", "info", "json"); }
  template <class F>
  std::string logged(F action) {
    testing::internal::CaptureStderr();
    action();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, line_is_one_json_object_with_its_fields) {
  const std::string line = logged([] {
    log_warn("consumer \"x\"", {{"partition", 3}, {"ok", true}, {"topic", "a\nb"}});
  });
  EXPECT_THAT(line,
              MatchesRegex("\\{\"ts\":\"[0-9T:.-]+Z\",\"level\":\"warn\",\"program\":\"weir-test\","
                           "\"msg\":\"consumer \\\\\"x\\\\\"\",\"partition\":3,\"ok\":true,"
                           "\"topic\":\"a\\\\nb\"\\}\n"));
}

TEST_F(LogTest, lines_below_the_level_are_not_written) {
  EXPECT_THAT(logged([] { log_debug("quiet"); }), IsEmpty());
  start_log("weir-test", "debug", "json");
  EXPECT_THAT(logged([] { log_debug("loud"); }), HasSubstr("loud"));
}

TEST_F(LogTest, scope_gives_its_ids_to_every_line_of_its_thread_and_nests) {
  const std::string lines = logged([] {
    const LogScope outer("r1", "00-t-1");
    {
      const LogScope inner("r2", "");
      log_info("inner");
    }
    log_info("outer");
    std::thread([] { log_info("elsewhere"); }).join();
  });
  std::istringstream in(lines);
  std::string line;
  std::getline(in, line);
  EXPECT_THAT(line, HasSubstr("\"msg\":\"inner\",\"request_id\":\"r2\"}"));
  std::getline(in, line);
  EXPECT_THAT(line, HasSubstr("\"request_id\":\"r1\",\"traceparent\":\"00-t-1\""));
  std::getline(in, line);
  EXPECT_THAT(line, Not(HasSubstr("request_id")));
}

TEST_F(LogTest, text_form_is_one_line_for_people) {
  start_log("weir-test", "info", "text");
  EXPECT_THAT(logged([] {
                log_error("it\nbroke", {{"path", "/x"}});
              }),
              MatchesRegex("[0-9:.]+Z? +ERROR it broke  path=\"/x\"\n"));
}

TEST_F(LogTest, lines_of_many_threads_do_not_mix) {
  const std::string lines = logged([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 200; ++i) log_info("m", {{"pad", std::string(300, 'x')}});
      });
    }
    for (auto& thread : threads) thread.join();
  });
  std::istringstream in(lines);
  int count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    ASSERT_TRUE(line.starts_with("{\"ts\"") && line.ends_with("x\"}")) << line;
  }
  EXPECT_EQ(count, 800);
}

TEST(JsonQuote, everything_that_json_needs_is_escaped) {
  EXPECT_EQ(json_quote("a\"b\\c\n\r\t"), "\"a\\\"b\\\\c\\n\\r\\t\"");
  EXPECT_EQ(json_quote(std::string("\0\x1f", 2)), "\"\\u0000\\u001f\"");
  EXPECT_EQ(json_quote("gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80"),
            "\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80\"");
}

TEST(JsonQuote, invalid_utf8_becomes_the_replacement_character) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(json_quote("\xFF"), "\"" + r + "\"");
  EXPECT_EQ(json_quote("\xC3"), "\"" + r + "\"");
  EXPECT_EQ(json_quote("\xC3("), "\"" + r + "(\"");
  EXPECT_EQ(json_quote("\xC0\xAF"), "\"" + r + r + "\"");          // overlong
  EXPECT_EQ(json_quote("\xED\xA0\x80"), "\"" + r + r + r + "\"");  // surrogate
  EXPECT_EQ(json_quote("\xF4\x90\x80\x80"), "\"" + r + r + r + r + "\"");
  EXPECT_EQ(json_quote("\xE2\x82"), "\"" + r + r + "\"");
}

}  // namespace
}  // namespace weir
