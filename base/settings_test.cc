#include "base/settings.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    char name[] = "/tmp/weir-settings-XXXXXX";
    folder_ = ::mkdtemp(name);
    settings_.text("kafka.brokers", &brokers_, "127.0.0.1:9092", "host:port list of the brokers");
    settings_.duration("kafka.timeout", &timeout_, 5s, 100ms, 5min, "deadline of a broker call");
    settings_.integer("kafka.rows_max", &rows_, 4096, 1, 65'536, "rows", "rows a record");
    settings_.flag("kafka.tls", &tls_, false, "whether to encrypt");
    settings_.choice("kafka.acks", &acks_, {"all", "one"}, "all", "who must have it");
    settings_.secret("postgres.password", &password_, "password of the role");
    settings_.ignore_table("analytics");
  }
  ~SettingsTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& content) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << content;
    return path;
  }
  std::vector<std::string> faults_of(const Settings::Sources& sources) {
    std::vector<std::string> out;
    for (const Fault& fault : settings_.read(sources))
      out.push_back(fault.where + " " + fault.what);
    return out;
  }

  std::string folder_;
  Settings settings_{"weir-quota"};
  std::string brokers_, acks_, password_;
  Micros timeout_{};
  std::int64_t rows_ = 0;
  bool tls_ = true;
};

TEST_F(SettingsTest, every_setting_has_its_default_from_the_start) {
  EXPECT_EQ(brokers_, "127.0.0.1:9092");
  EXPECT_EQ(timeout_, 5s);
  EXPECT_EQ(rows_, 4096);
  EXPECT_FALSE(tls_);
  EXPECT_THAT(faults_of({}), IsEmpty());
}

TEST_F(SettingsTest, flag_beats_environment_beats_file_beats_default) {
  const std::string path =
      file("weir.toml", "[kafka]\nbrokers = 'file:1'\ntimeout = '1s'\nrows_max = 1\ntls = true\n");
  EXPECT_THAT(faults_of({path,
                         {{"WEIR_KAFKA_TIMEOUT", "2s"}, {"WEIR_KAFKA_ROWS_MAX", "2"}},
                         {{"kafka.rows_max", "3"}}}),
              IsEmpty());
  EXPECT_EQ(brokers_, "file:1");
  EXPECT_EQ(timeout_, 2s);
  EXPECT_EQ(rows_, 3);
  EXPECT_TRUE(tls_);
  EXPECT_EQ(acks_, "all");
}

TEST_F(SettingsTest, all_faults_are_reported_together_with_their_places) {
  const std::string path = file("weir.toml",
                                "[kafka]\nbrokers = 5\ntimeout = '1h'\nrows_maxx = 1\nacks = 'al'\n"
                                "tls = 'maybe'\n");
  EXPECT_THAT(
      faults_of({path, {{"WEIR_KAFKA_ROWS_MAX", "0"}}, {{"kafka.timeout", "soon"}}}),
      ElementsAre("weir.toml:2: kafka.brokers must be a text in quotes",
                  "weir.toml:3: kafka.timeout is 1h; must be between 100ms and 5m",
                  "weir.toml:4: kafka.rows_maxx is no setting of weir-quota; did you mean "
                  "'kafka.rows_max'?",
                  "weir.toml:5: kafka.acks is 'al'; must be one of all, one; did you mean 'all'?",
                  "weir.toml:6: kafka.tls is 'maybe'; must be true or false",
                  "environment WEIR_KAFKA_ROWS_MAX is 0; must be between 1 and 65536 rows",
                  "flag --kafka.timeout is 'soon'; must be a duration like \"15m\""));
}

TEST_F(SettingsTest, half_written_file_is_one_fault_with_its_line) {
  const std::string path = file("weir.toml", "[kafka]\nbrokers = 'a:1'\ntimeout = \n");
  EXPECT_THAT(faults_of({path, {}, {}}), ElementsAre(HasSubstr("weir.toml:3 cannot be read: ")));
}

TEST_F(SettingsTest, missing_file_is_a_fault_that_names_it) {
  EXPECT_THAT(faults_of({folder_ + "/none.toml", {}, {}}), ElementsAre(HasSubstr("none.toml")));
}

TEST_F(SettingsTest, keys_of_ignored_tables_are_let_be) {
  const std::string path = file("weir.toml", "[analytics]\nx = 1\n[analytics.y]\nz = [1]\n");
  EXPECT_THAT(faults_of({path, {}, {}}), IsEmpty());
}

TEST_F(SettingsTest, ignoring_a_table_does_not_ignore_its_namesakes) {
  const std::string path = file("weir.toml", "[analytics_x]\nx = 1\n");
  EXPECT_THAT(faults_of({path, {}, {}}), ElementsAre(HasSubstr("analytics_x.x is no setting")));
}

TEST_F(SettingsTest, required_setting_that_no_source_gives_is_a_fault) {
  settings_.require("postgres.password");
  EXPECT_THAT(faults_of({}), ElementsAre(HasSubstr("postgres.password is missing")));
  EXPECT_THAT(faults_of({"", {{"WEIR_POSTGRES_PASSWORD", "x"}}, {}}), IsEmpty());
}

TEST_F(SettingsTest, secret_is_read_from_a_file_without_its_line_end) {
  const std::string path = file("password", "s3cret\n");
  EXPECT_THAT(faults_of({"", {{"WEIR_POSTGRES_PASSWORD_FILE", path}}, {}}), IsEmpty());
  EXPECT_EQ(password_, "s3cret");
  EXPECT_THAT(faults_of({"", {}, {{"postgres.password_file", folder_ + "/none"}}}),
              ElementsAre(HasSubstr("cannot be read")));
}

TEST_F(SettingsTest, secret_is_never_printed) {
  EXPECT_THAT(faults_of({"", {{"WEIR_POSTGRES_PASSWORD", "s3cret"}}, {}}), IsEmpty());
  for (const std::string& text : {settings_.effective(), settings_.help(), settings_.reference()}) {
    EXPECT_THAT(text, HasSubstr("postgres.password"));
    EXPECT_THAT(text, Not(HasSubstr("s3cret")));
  }
}

TEST_F(SettingsTest, effective_tells_value_and_origin) {
  const std::string path = file("weir.toml", "[kafka]\n\nbrokers = 'a:1'\n");
  ASSERT_THAT(faults_of({path, {{"WEIR_KAFKA_TLS", "true"}}, {}}), IsEmpty());
  EXPECT_THAT(settings_.effective(),
              testing::ContainsRegex("kafka.brokers = \"a:1\" +# weir.toml:3\n"));
  EXPECT_THAT(settings_.effective(),
              testing::ContainsRegex("kafka.tls = true +# environment WEIR_KAFKA_TLS\n"));
  EXPECT_THAT(settings_.effective(), testing::ContainsRegex("kafka.timeout = \"5s\" +# default\n"));
}

TEST_F(SettingsTest, effective_reads_back_as_a_file) {
  ASSERT_THAT(
      faults_of({"", {{"WEIR_KAFKA_BROKERS", "x\"y:1"}, {"WEIR_KAFKA_TIMEOUT", "90s"}}, {}}),
      IsEmpty());
  const std::string path = file("again.toml", settings_.effective());
  EXPECT_THAT(faults_of({path, {}, {}}), IsEmpty());
  EXPECT_EQ(brokers_, "x\"y:1");
  EXPECT_EQ(timeout_, 90s);
}

TEST_F(SettingsTest, help_and_reference_name_every_setting_with_range_and_sentence) {
  for (const std::string& name : settings_.names()) {
    EXPECT_THAT(settings_.help(), HasSubstr("--" + name + "\n"));
  }
  EXPECT_THAT(settings_.help(), HasSubstr("deadline of a broker call (default 5s; 100ms to 5m)"));
  EXPECT_THAT(
      settings_.reference(),
      HasSubstr("| `kafka.rows_max` | integer | `4096` | 1 to 65536 rows | rows a record |"));
}

TEST_F(SettingsTest, settings_stay_bound_after_a_move) {
  Settings moved = std::move(settings_);
  EXPECT_TRUE(
      moved.read({"", {{"WEIR_KAFKA_ROWS_MAX", "9"}, {"WEIR_LOG_LEVEL", "warn"}}, {}}).empty());
  EXPECT_EQ(rows_, 9);
  EXPECT_EQ(moved.log_level(), "warn");
}

TEST_F(SettingsTest, variables_of_other_programs_are_no_fault) {
  EXPECT_THAT(faults_of({"", {{"WEIR_HOME", "/x"}}, {}}), IsEmpty());
}

TEST(SettingsDeathTest, declaring_a_name_twice_is_a_bug) {
  Settings settings("weir-x");
  std::string level;
  EXPECT_DEATH(settings.text("log.level", &level, "", ""), "log.level is declared twice");
}

TEST(Environment, only_our_variables_are_taken) {
  ::setenv("WEIR_TEST_VARIABLE", "a=b", 1);
  const auto environment = weir_environment();
  EXPECT_EQ(environment.at("WEIR_TEST_VARIABLE"), "a=b");
  EXPECT_FALSE(environment.contains("PATH"));
  ::unsetenv("WEIR_TEST_VARIABLE");
}

}  // namespace
}  // namespace weir
