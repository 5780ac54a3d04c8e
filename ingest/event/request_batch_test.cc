#include "ingest/event/request_batch.h"

#include "ingest/event/test_rows.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace weir {
namespace {

using test::batch_of;
using test::difference;
using test::OwnedRow;
using test::test_key;
using Rows = std::vector<OwnedRow>;

Sections any_sections() { return *rc::gen::element(Sections::usage, Sections::all); }

TEST(request_batch, keeps_equal_columns_through_append_and_truncate) {
  EXPECT_TRUE(rc::check([] {
    Sections sections = any_sections();
    Rows mine = *test::any_rows();
    Rows theirs = *test::any_rows();
    RequestBatch batch = batch_of(mine, test_key(), sections);
    auto keep = *rc::gen::inRange<std::size_t>(0, mine.size() + 1);
    batch.truncate(keep);
    mine.resize(keep);
    auto from = *rc::gen::inRange<std::size_t>(0, theirs.size() + 1);
    auto to = *rc::gen::inRange<std::size_t>(from, theirs.size() + 1);
    batch.append(batch_of(theirs, test_key(), sections), from, to);
    mine.insert(mine.end(), theirs.begin() + static_cast<long>(from),
                theirs.begin() + static_cast<long>(to));
    RC_ASSERT(test::broken_invariant(batch) == "");
    RC_ASSERT(difference(batch, batch_of(mine, test_key(), sections)) == "");
  }));
}

TEST(request_batch, cleared_is_as_new) {
  EXPECT_TRUE(rc::check([] {
    RequestBatch batch = batch_of(*test::any_rows(), test_key());
    batch.clear();
    RC_ASSERT(batch.rows() == 0u);
    RC_ASSERT(!batch.has_detail);
    Rows rows = *test::any_rows();
    Sections sections = any_sections();
    for (const OwnedRow& row : rows) test::append(batch, row, test_key(), sections);
    RC_ASSERT(difference(batch, batch_of(rows, test_key(), sections)) == "");
  }));
}

TEST(request_batch, row_at_gives_back_the_row) {
  EXPECT_TRUE(rc::check([] {
    Rows rows = *test::any_rows();
    RequestBatch batch = batch_of(rows, test_key());
    RequestBatch copy;
    std::vector<RequestRow::Quantity> quantities;
    for (std::size_t i = 0; i < batch.rows(); ++i) {
      append_row(copy, row_at(batch, i, quantities), test_key());
    }
    RC_ASSERT(difference(copy, batch) == "");
  }));
}

TEST(request_batch, of_usage_alone_has_no_detail) {
  RequestBatch batch = batch_of({OwnedRow{}}, test_key(), Sections::usage);
  EXPECT_FALSE(batch.has_detail);
  EXPECT_EQ(batch.id.size(), 0u);
  EXPECT_EQ(batch.user_agent.size(), 0u);
  EXPECT_EQ(test::broken_invariant(batch), "");
}

TEST(request_batch, counts_the_bytes_of_its_rows) {
  OwnedRow row;
  RequestBatch small = batch_of(Rows(10, row), test_key());
  row.path = std::string(1000, 'a');
  RequestBatch large = batch_of(Rows(10, row), test_key());
  EXPECT_EQ(large.bytes() - small.bytes(), 10'000u);
}

}  // namespace
}  // namespace weir
