// What weir-quota's own commands print, over a real PostgreSQL.
#include "quota/commands.h"

#include "tests/contract/quota/operator_fixture.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::HasSubstr;

class CommandsTest : public OperatorTest {
 protected:
  CommandsTest() {
    options_.database = database_.options().conninfo;
    options_.stream.topic = "weir.requests";
    options_.decided = {Micros(900'000'000), Micros(300'000'000), Micros(300'000'000),
                        Micros(600'000'000), "murmur2"};
  }
  std::string status() const {
    testing::internal::CaptureStdout();
    EXPECT_EQ(status_command(options_), ExitCode::done);
    return testing::internal::GetCapturedStdout();
  }
  QuotaOptions options_;
};

// An accepted hole is closed by nobody: it counted as a blocker for ever.
TEST_F(CommandsTest, status_counts_what_blocks_a_close_and_no_hole_that_was_accepted) {
  const std::int64_t ids[] = {hole("gw-1", 40, 90, 185)};
  ASSERT_TRUE(accept_holes(store_, decision_, ids, soon()).ok());
  const std::string none = "weir.requests\t1\t0\t0\t0\t";
  EXPECT_THAT(status(), HasSubstr(none + "0\n"));
  gap(100, 180, 1000);
  EXPECT_THAT(status(), HasSubstr(none + "1\n"));
}

TEST_F(CommandsTest, a_database_that_is_not_set_is_named) {
  options_.database.clear();
  EXPECT_EQ(status_command(options_), ExitCode::config);
}

}  // namespace
}  // namespace weir
