#include "ingest/event/columns.h"

#include "ingest/event/test_rows.h"

#include <gtest/gtest.h>
#include <map>
#include <rapidcheck/gtest.h>

namespace weir {
namespace {

using Texts = std::vector<std::string>;

Texts read_back(const TextColumn& column) {
  Texts texts;
  for (std::size_t row = 0; row < column.size(); ++row) texts.emplace_back(column.at(row));
  return texts;
}
Texts read_back(const DictColumn& column) {
  Texts texts;
  for (std::size_t row = 0; row < column.size(); ++row) texts.emplace_back(column.at(row));
  return texts;
}
template <class Column>
Column column_of(const Texts& texts) {
  Column column;
  for (const std::string& text : texts) column.append(text);
  return column;
}

template <class Column>
class TextLike : public testing::Test {};
using TextColumns = testing::Types<TextColumn, DictColumn>;
TYPED_TEST_SUITE(TextLike, TextColumns);

TYPED_TEST(TextLike, gives_back_what_was_appended) {
  EXPECT_TRUE(rc::check(
      [](const Texts& texts) { RC_ASSERT(read_back(column_of<TypeParam>(texts)) == texts); }));
}

TYPED_TEST(TextLike, truncated_holds_the_first_rows_and_takes_more) {
  EXPECT_TRUE(rc::check([](Texts texts, const Texts& more) {
    auto column = column_of<TypeParam>(texts);
    auto rows = *rc::gen::inRange<std::size_t>(0, texts.size() + 3);
    column.truncate(rows);
    texts.resize(std::min(rows, texts.size()));
    RC_ASSERT(read_back(column) == texts);
    for (const std::string& text : more) column.append(text);
    texts.insert(texts.end(), more.begin(), more.end());
    RC_ASSERT(read_back(column) == texts);
  }));
}

TYPED_TEST(TextLike, append_range_adds_exactly_that_range) {
  EXPECT_TRUE(rc::check([](Texts mine, const Texts& theirs) {
    auto column = column_of<TypeParam>(mine);
    auto from = *rc::gen::inRange<std::size_t>(0, theirs.size() + 1);
    auto to = *rc::gen::inRange<std::size_t>(from, theirs.size() + 1);
    column.append_range(column_of<TypeParam>(theirs), from, to);
    mine.insert(mine.end(), theirs.begin() + static_cast<long>(from),
                theirs.begin() + static_cast<long>(to));
    RC_ASSERT(read_back(column) == mine);
  }));
}

TYPED_TEST(TextLike, cleared_is_as_new) {
  EXPECT_TRUE(rc::check([](const Texts& before, const Texts& after) {
    auto column = column_of<TypeParam>(before);
    column.clear();
    RC_ASSERT(column.size() == 0u);
    for (const std::string& text : after) column.append(text);
    RC_ASSERT(read_back(column) == after);
  }));
}

RC_GTEST_PROP(dictionary, codes_are_dense_and_in_order_of_first_appearance, (const Texts& texts)) {
  Dictionary dictionary;
  std::map<std::string, Dictionary::Code> reference;
  for (const std::string& text : texts) {
    auto next = static_cast<Dictionary::Code>(reference.size());
    RC_ASSERT(dictionary.code_of(text) == reference.emplace(text, next).first->second);
  }
  RC_ASSERT(dictionary.size() == reference.size());
  for (const auto& [text, code] : reference) {
    RC_ASSERT(dictionary.find(text) == code);
    RC_ASSERT(dictionary.text_of(code) == text);
  }
}

TEST(dictionary, finds_each_of_many_and_nothing_else) {
  Dictionary dictionary;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(dictionary.code_of("text " + std::to_string(i)), static_cast<std::uint32_t>(i));
  }
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(dictionary.find("text " + std::to_string(i)), static_cast<std::uint32_t>(i));
  }
  EXPECT_EQ(dictionary.find("text 10000"), Dictionary::kNone);
  EXPECT_EQ(dictionary.find(""), Dictionary::kNone);
}

TEST(dictionary, tells_texts_with_nul_bytes_apart) {
  Dictionary dictionary;
  EXPECT_NE(dictionary.code_of(std::string_view("a\0b", 3)), dictionary.code_of("a"));
}

using Entries = std::vector<std::pair<std::string, std::int64_t>>;

QuantityColumn quantities_of(const std::vector<Entries>& rows) {
  QuantityColumn column;
  for (const Entries& entries : rows) {
    for (const auto& [name, value] : entries) column.add(name, value);
    column.end_row();
  }
  return column;
}
std::vector<Entries> read_back(const QuantityColumn& column) {
  std::vector<Entries> rows(column.size());
  for (std::size_t row = 0; row < column.size(); ++row) {
    for (std::uint32_t e = column.begin(row); e < column.end(row); ++e) {
      rows[row].emplace_back(column.names().text_of(column.name_code(e)), column.value(e));
    }
  }
  return rows;
}

RC_GTEST_PROP(quantities, keep_their_rows_through_truncate_and_append,
              (std::vector<Entries> mine, const std::vector<Entries>& theirs)) {
  QuantityColumn column = quantities_of(mine);
  auto keep = *rc::gen::inRange<std::size_t>(0, mine.size() + 1);
  column.truncate(keep);
  mine.resize(keep);
  auto from = *rc::gen::inRange<std::size_t>(0, theirs.size() + 1);
  auto to = *rc::gen::inRange<std::size_t>(from, theirs.size() + 1);
  column.append_range(quantities_of(theirs), from, to);
  mine.insert(mine.end(), theirs.begin() + static_cast<long>(from),
              theirs.begin() + static_cast<long>(to));
  RC_ASSERT(read_back(column) == mine);
}

TEST(quantities, of_a_row_that_was_not_ended_are_taken_back) {
  QuantityColumn column = quantities_of({{{"tokens", 1}}});
  column.add("tokens", 2);
  column.add("bytes", 3);
  column.drop_open_row();
  column.end_row();
  EXPECT_EQ(read_back(column), (std::vector<Entries>{{{"tokens", 1}}, {}}));
}

}  // namespace
}  // namespace weir
