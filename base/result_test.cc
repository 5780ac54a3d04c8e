#include "base/result.h"

#include "base/named.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

namespace weir {
namespace {

using Offset = Named<struct OffsetTag, std::int64_t>;
using Count = Named<struct CountTag, std::int64_t>;
static_assert(!std::is_convertible_v<Offset, Count>);
static_assert(!std::is_convertible_v<std::int64_t, Offset>);
static_assert(!std::is_constructible_v<Offset, Count>);

Status fails() { return Error{ErrorCode::full, "the volume is full", "free some space"}; }

Status passes_errors_on(int& steps) {
  ++steps;
  WEIR_TRY(Status());
  ++steps;
  WEIR_TRY(fails());
  ++steps;
  return {};
}

TEST(Result, holds_a_value_or_an_error) {
  Result<std::unique_ptr<int>> good = std::make_unique<int>(7);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(**good, 7);
  const std::unique_ptr<int> taken = *std::move(good);
  EXPECT_EQ(*taken, 7);

  const Result<int> bad = Error{ErrorCode::invalid, "no", ""};
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::invalid);
}

TEST(Result, try_returns_the_first_error_and_runs_nothing_behind_it) {
  int steps = 0;
  const Status status = passes_errors_on(steps);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::full);
  EXPECT_EQ(steps, 2);
}

TEST(Error, text_puts_the_remedy_in_brackets) {
  EXPECT_EQ(fails().error().text(), "the volume is full (free some space)");
  EXPECT_EQ((Error{ErrorCode::invalid, "no", ""}.text()), "no");
}

TEST(Error, within_puts_the_place_first_and_keeps_code_and_remedy) {
  const Error error = fails().error().within("spool");
  EXPECT_EQ(error.what, "spool: the volume is full");
  EXPECT_EQ(error.code, ErrorCode::full);
  EXPECT_EQ(error.remedy, "free some space");
}

TEST(Error, every_code_has_a_name_of_its_own) {
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::config); ++code) {
    names.insert(name_of(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), 9u);
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(CheckDeathTest, broken_invariant_stops_the_process_and_names_its_place) {
  EXPECT_DEATH(WEIR_CHECK(1 + 1 == 3), "broken invariant: 1 \\+ 1 == 3, at .*result_test.cc:");
}

TEST(Named, compares_subtracts_and_counts_on) {
  const Offset a(5);
  EXPECT_EQ(a + 3, Offset(8));
  EXPECT_EQ(Offset(8) - a, 3);
  EXPECT_LT(a, Offset(6));
  Offset b = a;
  EXPECT_EQ(++b, Offset(6));
}

}  // namespace
}  // namespace weir
