#include "base/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using testing::HasSubstr;

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    settings_.text("kafka.brokers", &brokers_, "a:1", "the brokers");
    Command& apply = line_.command("catalog apply", "apply a catalogue file");
    apply.positional("FILE", &path_, "the catalogue", Presence::required);
    apply.flag("--json", &json_, "print for machines");
    apply.option("--limit", &limit_, "how many");
    apply.run([this] {
      ran_ = "apply";
      return ExitCode::held;
    });
    Command& serve = line_.command("serve", "answer over HTTP");
    serve.settings(&settings_);
    serve.run([this] {
      ran_ = "serve";
      return ExitCode::done;
    });
  }

  int run(std::vector<const char*> words) {
    words.insert(words.begin(), "weir-quota");
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const int code = line_.main(static_cast<int>(words.size()), words.data());
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return code;
  }

  Settings settings_{"weir-quota"};
  CommandLine line_{"weir-quota", "answers quota"};
  std::string brokers_, path_, ran_, out_, err_;
  bool json_ = false;
  std::int64_t limit_ = 10;
};

TEST_F(CommandLineTest, nested_command_runs_with_its_arguments_and_gives_its_exit_code) {
  EXPECT_EQ(run({"catalog", "apply", "x.toml", "--json", "--limit", "5"}), 75);
  EXPECT_EQ(ran_, "apply");
  EXPECT_EQ(path_, "x.toml");
  EXPECT_TRUE(json_);
  EXPECT_EQ(limit_, 5);
}

TEST_F(CommandLineTest, unknown_word_names_the_nearest_command_and_exits_64) {
  EXPECT_EQ(run({"sevre"}), 64);
  EXPECT_THAT(err_, HasSubstr("'sevre' is not known here; did you mean 'serve'?"));
  EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 1);
  EXPECT_EQ(run({"catalog", "aply", "x"}), 64);
  EXPECT_THAT(err_,
              HasSubstr("weir-quota catalog: 'aply' is not known here; did you mean 'apply'?"));
}

TEST_F(CommandLineTest, unknown_option_names_the_nearest_one_and_exits_64) {
  EXPECT_EQ(run({"serve", "--kafka.broker=b:1"}), 64);
  EXPECT_THAT(err_,
              HasSubstr("'--kafka.broker' is not known here; did you mean '--kafka.brokers'?"));
  EXPECT_EQ(ran_, "");
}

TEST_F(CommandLineTest, missing_argument_and_missing_command_exit_64) {
  EXPECT_EQ(run({"catalog", "apply"}), 64);
  EXPECT_THAT(err_, HasSubstr("FILE"));
  EXPECT_EQ(run({"catalog"}), 64);
  EXPECT_THAT(err_, HasSubstr("a command is needed"));
  EXPECT_EQ(run({}), 64);
}

TEST_F(CommandLineTest, argument_of_the_wrong_kind_exits_64) {
  EXPECT_EQ(run({"catalog", "apply", "x", "--limit", "many"}), 64);
  EXPECT_THAT(err_, HasSubstr("--limit"));
}

TEST_F(CommandLineTest, settings_are_taken_as_flags) {
  EXPECT_EQ(run({"serve", "--kafka.brokers=b:2", "--log.level", "error"}), 0);
  EXPECT_EQ(ran_, "serve");
  EXPECT_EQ(brokers_, "b:2");
}

TEST_F(CommandLineTest, faulty_setting_exits_78_and_runs_nothing) {
  EXPECT_EQ(run({"serve", "--log.level=loud"}), 78);
  EXPECT_THAT(err_, HasSubstr("flag --log.level is 'loud'"));
  EXPECT_EQ(ran_, "");
}

TEST_F(CommandLineTest, check_config_prints_and_runs_nothing) {
  EXPECT_EQ(run({"serve", "--check-config"}), 0);
  EXPECT_THAT(out_, HasSubstr("kafka.brokers = \"a:1\""));
  EXPECT_EQ(ran_, "");
}

TEST_F(CommandLineTest, missing_config_file_exits_78) {
  EXPECT_EQ(run({"serve", "--config", "/nowhere/weir.toml"}), 78);
  EXPECT_THAT(err_, HasSubstr("/nowhere/weir.toml"));
}

TEST_F(CommandLineTest, help_lists_commands_and_settings) {
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("serve"));
  EXPECT_THAT(out_, HasSubstr("answer over HTTP"));
  EXPECT_EQ(run({"serve", "--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("--kafka.brokers\n      the brokers (default a:1)"));
}

TEST_F(CommandLineTest, settings_reference_is_markdown) {
  EXPECT_EQ(run({"serve", "--settings-reference"}), 0);
  EXPECT_THAT(out_, HasSubstr("# Settings of weir-quota\n"));
  EXPECT_THAT(out_, HasSubstr("| `kafka.brokers` | text | `a:1` |"));
}

TEST(CommandLineRoot, program_without_commands_runs_its_root) {
  CommandLine line("weir-x", "does one thing");
  std::vector<std::string> words;
  Command& root = line.command("", "does one thing");
  root.positionals("WORDS", &words, "the words", Presence::optional);
  root.run([] { return ExitCode::done; });
  const char* argv[] = {"weir-x", "a", "b"};
  EXPECT_EQ(line.main(3, argv), 0);
  EXPECT_EQ(words, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace weir
