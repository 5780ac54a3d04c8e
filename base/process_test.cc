#include "base/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(ExitCode, every_error_has_the_code_that_scripts_expect) {
  const auto code = [](ErrorCode c) { return static_cast<int>(exit_code_of({c, "", ""})); };
  EXPECT_EQ(code(ErrorCode::invalid), 65);
  EXPECT_EQ(code(ErrorCode::not_found), 65);
  EXPECT_EQ(code(ErrorCode::unavailable), 69);
  EXPECT_EQ(code(ErrorCode::full), 69);
  EXPECT_EQ(code(ErrorCode::conflict), 75);
  EXPECT_EQ(code(ErrorCode::in_doubt), 75);
  EXPECT_EQ(code(ErrorCode::integrity), 70);
  EXPECT_EQ(code(ErrorCode::config), 78);
  EXPECT_EQ(code(ErrorCode::denied), 78);
}

// Each runs in a process of its own: signals are the whole process's.
TEST(SignalsDeathTest, first_signal_asks_for_a_stop) {
  EXPECT_EXIT(
      {
        const std::stop_token stop = stop_on_signals();
        ::kill(::getpid(), SIGTERM);
        const bool stopped = sleep_until_stop(stop, 1min);
        ::_exit(stopped ? 7 : 8);
      },
      testing::ExitedWithCode(7), "asked to stop");
}

TEST(SignalsDeathTest, second_signal_ends_the_process_at_once) {
  EXPECT_EXIT(
      {
        const std::stop_token stop = stop_on_signals();
        ::kill(::getpid(), SIGINT);
        sleep_until_stop(stop, 1min);
        ::kill(::getpid(), SIGINT);
        while (true) ::pause();
      },
      testing::ExitedWithCode(128 + SIGINT), "a second time");
}

TEST(SignalsDeathTest, broken_pipe_does_not_end_the_process) {
  EXPECT_EXIT(
      {
        stop_on_signals();
        ::raise(SIGPIPE);
        ::_exit(7);
      },
      testing::ExitedWithCode(7), "");
}

TEST(Sleep, ends_with_its_duration_when_nobody_asks_for_a_stop) {
  EXPECT_FALSE(sleep_until_stop(std::stop_source().get_token(), 1ms));
}

TEST(LoadSettings, faults_are_printed_together_and_exit_78) {
  Settings settings("weir-x");
  std::string a;
  std::int64_t b = 0;
  settings.text("t.a", &a, "", "a");
  settings.integer("t.b", &b, 1, 1, 9, "", "b");
  testing::internal::CaptureStderr();
  const auto ended = load_settings(settings, "", {{"t.b", "10"}, {"t.c", "1"}}, false);
  const std::string printed = testing::internal::GetCapturedStderr();
  EXPECT_EQ(ended, ExitCode::config);
  EXPECT_THAT(printed, HasSubstr("weir-x: 2 faults in the settings:\n"));
  EXPECT_THAT(printed, HasSubstr("  flag --t.b is 10; must be between 1 and 9\n"));
  EXPECT_THAT(printed, HasSubstr("  flag --t.c is no setting of weir-x; did you mean 't.a'?\n"));
}

TEST(LoadSettings, check_prints_what_would_be_used) {
  Settings settings("weir-x");
  std::string a;
  settings.text("t.a", &a, "", "a");
  testing::internal::CaptureStdout();
  const auto ended = load_settings(settings, "", {{"t.a", "here"}}, true);
  EXPECT_EQ(ended, ExitCode::done);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("t.a = \"here\""));
}

}  // namespace
}  // namespace weir
