#include "storage/duckdb/duck.h"
#include "storage/duckdb/parquet_writer.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <stdlib.h>

namespace weir {
namespace {

using namespace std::chrono_literals;

class DuckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "weir-duck-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  DuckDb open(DuckOptions options = {}) {
    Result<DuckDb> database = DuckDb::open(options);
    if (!database) ADD_FAILURE() << database.error().text();
    return std::move(*database);
  }
  static DuckConnection connect(DuckDb& database) {
    Result<DuckConnection> connection = database.connect();
    WEIR_CHECK(connection.ok());
    return std::move(*connection);
  }
  static Deadline soon() { return Deadline::in(20s); }
  std::string folder_;
};

TEST_F(DuckTest, values_are_read_by_their_types) {
  DuckDb db = open();
  DuckConnection connection = connect(db);
  Result<DuckResult> rows = connection.query(
      "SELECT $1::BIGINT AS a, $2 AS b, 1.5::DOUBLE AS c, NULL::INTEGER AS d, true AS e,"
      " 170141183460469231731687303715884105727::HUGEINT AS f, -3::DECIMAL(38,0) AS g",
      {std::int64_t{-7}, std::string("it's a long enough text")}, soon());
  ASSERT_TRUE(rows.ok()) << rows.error().text();
  ASSERT_EQ(rows->rows(), 1u);
  ASSERT_EQ(rows->columns(), 7u);
  EXPECT_EQ(rows->name(1), "b");
  EXPECT_EQ(rows->integer(0, 0), -7);
  EXPECT_EQ(rows->text(0, 1), "it's a long enough text");
  EXPECT_EQ(rows->real(0, 2), 1.5);
  EXPECT_TRUE(rows->is_null(0, 3));
  EXPECT_EQ(rows->integer(0, 4), 1);
  EXPECT_EQ(to_text(rows->integer128(0, 5)), "170141183460469231731687303715884105727");
  EXPECT_EQ(to_text(rows->integer128(0, 6)), "-3");
}

TEST_F(DuckTest, rows_of_all_chunks_are_found) {
  DuckDb db = open();
  DuckConnection connection = connect(db);
  Result<DuckResult> rows =
      connection.query("SELECT range FROM range(10000) WHERE range % 3 = 0", {}, soon());
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->rows(), 3334u);
  for (std::size_t i = 0; i < rows->rows(); ++i) {
    ASSERT_EQ(rows->integer(i, 0), static_cast<std::int64_t>(3 * i));
  }
}

TEST_F(DuckTest, a_query_ends_at_its_deadline_and_the_connection_lives_on) {
  DuckDb db = open();
  DuckConnection connection = connect(db);
  Result<DuckResult> rows = connection.query(
      "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range % 7 = b.range % "
      "5",
      {}, Deadline::in(50ms));
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(connection.query("SELECT 1", {}, soon()).ok());
}

TEST_F(DuckTest, wrong_sql_is_invalid) {
  DuckDb db = open();
  DuckConnection connection = connect(db);
  Result<DuckResult> rows = connection.query("SELEC 1", {}, soon());
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.error().code, ErrorCode::invalid);
}

TEST_F(DuckTest, a_confined_instance_reads_its_folders_and_nothing_else) {
  std::string inside = folder_ + "/in";
  std::filesystem::create_directory(inside);
  DuckDb writer = open();
  DuckConnection writes = connect(writer);
  for (const std::string& path : {inside + "/a.parquet", folder_ + "/b.parquet"}) {
    ASSERT_TRUE(
        writes.execute("COPY (SELECT 1 AS a) TO " + sql_quote(path) + " (FORMAT parquet)", soon())
            .ok());
  }
  DuckOptions options;
  options.confined = true;
  options.folders = {inside};
  DuckDb db = open(options);
  DuckConnection connection = connect(db);
  auto read = [&](const std::string& path) {
    return connection.query("SELECT a FROM read_parquet(" + sql_quote(path) + ")", {}, soon()).ok();
  };
  EXPECT_TRUE(read(inside + "/a.parquet"));
  EXPECT_FALSE(read(folder_ + "/b.parquet"));
  EXPECT_FALSE(read(inside + "/../b.parquet"));
  EXPECT_FALSE(connection.execute("SET enable_external_access = true", soon()).ok());
  EXPECT_FALSE(connection.execute("SET threads = 8", soon()).ok());
}

TEST_F(DuckTest, columns_come_back_from_parquet_as_they_were) {
  std::vector<std::string> owned = {"", "grün", "it's"};
  for (int i = 0; i < 300; ++i) owned.push_back("text " + std::to_string(i));
  std::vector<std::string_view> texts(owned.begin(), owned.end());
  const std::uint32_t n = 5000;
  std::vector<std::uint32_t> codes, rows, ends, map_ends, keys;
  std::vector<std::int64_t> numbers, values;
  std::vector<std::uint16_t> statuses;
  std::vector<Int128> wide;
  std::vector<std::uint8_t> bools;
  std::string bytes;
  for (std::uint32_t i = 0; i < n; ++i) {
    codes.push_back(i % static_cast<std::uint32_t>(texts.size()));
    numbers.push_back(i % 10 == 0 ? -1 : static_cast<std::int64_t>(i) * 1'000'000'007);
    statuses.push_back(static_cast<std::uint16_t>(i % 3 == 0 ? 0 : 200));
    wide.push_back(static_cast<Int128>(i) << 80);
    bools.push_back(i % 2);
    bytes += "id-" + std::to_string(i);
    ends.push_back(static_cast<std::uint32_t>(bytes.size()));
    for (std::uint32_t k = 0; k < i % 3; ++k) {
      keys.push_back(k);
      values.push_back(i * 10 + k);
    }
    map_ends.push_back(static_cast<std::uint32_t>(keys.size()));
    if (i % 2 == 0) rows.push_back(i);
  }
  std::vector<ParquetColumn> columns = {{"code", Codes{codes, texts}},
                                        {"id", Texts{bytes, ends}},
                                        {"number", Int64s{numbers, -1}},
                                        {"status", UInt16s{statuses, std::uint16_t{0}}},
                                        {"wide", Int128s{wide}},
                                        {"odd", Bools{bools}},
                                        {"m", Maps{map_ends, keys, texts, values}}};
  DuckDb db = open();
  DuckConnection connection = connect(db);
  std::string path = folder_ + "/x.parquet";
  Status written = write_parquet(connection, path, columns, rows, soon());
  ASSERT_TRUE(written.ok()) << written.error().text();
  Result<DuckResult> read = connection.query(
      "SELECT code, id, number, status, wide, odd, cardinality(m), m['grün'] FROM read_parquet(" +
          sql_quote(path) + ")",
      {}, soon());
  ASSERT_TRUE(read.ok()) << read.error().text();
  ASSERT_EQ(read->rows(), rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::uint32_t i = rows[r];
    ASSERT_EQ(read->text(r, 0), texts[codes[i]]);
    ASSERT_EQ(read->text(r, 1), "id-" + std::to_string(i));
    ASSERT_EQ(read->is_null(r, 2), numbers[i] == -1);
    if (numbers[i] != -1) {
      ASSERT_EQ(read->integer(r, 2), numbers[i]);
    }
    ASSERT_EQ(read->is_null(r, 3), statuses[i] == 0);
    ASSERT_EQ(to_text(read->integer128(r, 4)), to_text(wide[i]));
    ASSERT_EQ(read->integer(r, 5), bools[i]);
    ASSERT_EQ(read->integer(r, 6), i % 3);
    ASSERT_EQ(read->is_null(r, 7), i % 3 < 2);
    if (i % 3 == 2) {
      ASSERT_EQ(read->integer(r, 7), i * 10 + 1);
    }
  }
}

TEST_F(DuckTest, one_connection_writes_many_files_of_different_columns) {
  DuckDb db = open();
  DuckConnection connection = connect(db);
  std::vector<std::uint32_t> rows = {0, 1};
  std::vector<std::int64_t> numbers = {4, 5};
  std::vector<std::int32_t> small = {6, 7};
  std::vector<ParquetColumn> one = {{"a", Int64s{numbers}}};
  std::vector<ParquetColumn> two = {{"a", Int32s{small}}, {"b", Int64s{numbers}}};
  ASSERT_TRUE(write_parquet(connection, folder_ + "/1.parquet", one, rows, soon()).ok());
  ASSERT_TRUE(write_parquet(connection, folder_ + "/2.parquet", two, rows, soon()).ok());
  Result<DuckResult> sum =
      connection.query("SELECT sum(a)::BIGINT FROM read_parquet(" +
                           sql_quote(folder_ + "/*.parquet") + ", union_by_name = true)",
                       {}, soon());
  ASSERT_TRUE(sum.ok()) << sum.error().text();
  EXPECT_EQ(sum->integer(0, 0), 22);
}

TEST_F(DuckTest, a_folder_that_is_not_there_is_an_error_and_not_a_crash) {
  DuckDb db = open();
  DuckConnection connection = connect(db);
  std::vector<std::uint32_t> rows = {0};
  std::vector<std::int64_t> numbers = {4};
  std::vector<ParquetColumn> one = {{"a", Int64s{numbers}}};
  Status written = write_parquet(connection, folder_ + "/none/1.parquet", one, rows, soon());
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace weir
