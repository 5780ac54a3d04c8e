#include "ingest/identity/append_span.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(AppendSpans, span_is_of_the_records_below_the_offset_only) {
  AppendSpans spans;
  spans.note(0, AppendTime(50));
  spans.note(1, AppendTime(40));
  spans.note(2, AppendTime(90));
  auto span = spans.fold_below(2);
  ASSERT_TRUE(span);
  EXPECT_EQ(span->min, AppendTime(40));
  EXPECT_EQ(span->max, AppendTime(50));
}

TEST(AppendSpans, run_of_equal_times_is_cut_at_the_offset) {
  AppendSpans spans;
  for (std::int64_t offset = 0; offset < 10; ++offset) spans.note(offset, AppendTime(7));
  ASSERT_TRUE(spans.fold_below(5));
  spans.forget_folded();
  EXPECT_FALSE(spans.fold_below(5)) << "nothing below 5 is left";
  EXPECT_TRUE(spans.fold_below(6));
}

TEST(AppendSpans, record_noted_twice_counts_once) {
  AppendSpans spans;
  spans.note(0, AppendTime(1));
  spans.note(1, AppendTime(2));
  ASSERT_TRUE(spans.fold_below(1));
  spans.forget_folded();
  spans.note(0, AppendTime(1));
  auto span = spans.fold_below(2);
  ASSERT_TRUE(span);
  EXPECT_EQ(span->min, AppendTime(2));
}

TEST(AppendSpans, no_record_is_no_span) {
  AppendSpans spans;
  EXPECT_FALSE(spans.fold_below(100));
}

}  // namespace
}  // namespace weir
