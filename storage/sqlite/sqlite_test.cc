#include "storage/sqlite/sqlite.h"

#include "storage/sqlite/migrations.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <stdlib.h>

namespace weir {
namespace {

using namespace std::chrono_literals;

class SqliteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "weir-sqlite-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  SqliteDatabase writer() {
    Result<SqliteDatabase> database =
        SqliteDatabase::open(folder_ + "/a.sqlite", SqliteMode::read_write, 20ms);
    WEIR_CHECK(database.ok());
    return std::move(*database);
  }
  std::int64_t count(SqliteDatabase& database) {
    Result<SqliteStatement> rows = database.prepare("SELECT count(*) FROM t");
    WEIR_CHECK(rows.ok());
    WEIR_CHECK(*rows->step());
    return rows->integer(0);
  }
  std::string folder_;
};

constexpr SqliteMigration kFirst[] = {{"table", "CREATE TABLE t (a INTEGER, b TEXT) STRICT"}};
constexpr SqliteMigration kChanged[] = {{"table", "CREATE TABLE t (a INTEGER) STRICT"}};
constexpr SqliteMigration kBoth[] = {{"table", "CREATE TABLE t (a INTEGER, b TEXT) STRICT"},
                                     {"column", "ALTER TABLE t ADD COLUMN c INTEGER"}};

TEST_F(SqliteTest, values_come_back_as_they_were_bound) {
  SqliteDatabase db = writer();
  ASSERT_TRUE(db.execute("CREATE TABLE t (a INTEGER, b TEXT, c BLOB)").ok());
  Result<SqliteStatement> insert = db.prepare("INSERT INTO t VALUES (?1, ?2, ?3)");
  ASSERT_TRUE(insert.ok());
  std::string blob("\0x\0", 3);
  insert->bind(1, std::int64_t{1} << 60);
  insert->bind(2, "grün");
  insert->bind_blob(3, blob);
  ASSERT_TRUE(insert->run().ok());
  insert->bind_null(1);
  insert->bind(2, std::string_view{});
  insert->bind_blob(3, {});
  ASSERT_TRUE(insert->run().ok());
  Result<SqliteStatement> rows = db.prepare("SELECT a, b, c FROM t ORDER BY rowid");
  ASSERT_TRUE(*rows->step());
  EXPECT_EQ(rows->integer(0), std::int64_t{1} << 60);
  EXPECT_EQ(rows->text(1), "grün");
  EXPECT_EQ(rows->blob(2), blob);
  ASSERT_TRUE(*rows->step());
  EXPECT_TRUE(rows->is_null(0));
  EXPECT_FALSE(rows->is_null(1));
  EXPECT_EQ(rows->text(1), "");
  EXPECT_FALSE(*rows->step());
}

TEST_F(SqliteTest, what_is_not_committed_is_rolled_back) {
  SqliteDatabase db = writer();
  ASSERT_TRUE(migrate(db, kFirst).ok());
  {
    Result<SqliteTransaction> transaction = SqliteTransaction::begin(db);
    ASSERT_TRUE(db.execute("INSERT INTO t VALUES (1, 'x')").ok());
  }
  EXPECT_EQ(count(db), 0);
}

TEST_F(SqliteTest, a_second_writer_waits_and_then_says_unavailable) {
  SqliteDatabase one = writer();
  ASSERT_TRUE(migrate(one, kFirst).ok());
  SqliteDatabase two = writer();
  Result<SqliteTransaction> holds = SqliteTransaction::begin(one);
  ASSERT_TRUE(holds.ok());
  Result<SqliteTransaction> waits = SqliteTransaction::begin(two);
  ASSERT_FALSE(waits.ok());
  EXPECT_EQ(waits.error().code, ErrorCode::unavailable);
  ASSERT_TRUE(holds->commit().ok());
  EXPECT_TRUE(SqliteTransaction::begin(two).ok());
}

TEST_F(SqliteTest, a_reader_sees_the_last_commit_and_cannot_write) {
  SqliteDatabase db = writer();
  ASSERT_TRUE(migrate(db, kFirst).ok());
  Result<SqliteDatabase> reader =
      SqliteDatabase::open(folder_ + "/a.sqlite", SqliteMode::read_only, 20ms);
  ASSERT_TRUE(reader.ok());
  Result<SqliteTransaction> open = SqliteTransaction::begin(db);
  ASSERT_TRUE(db.execute("INSERT INTO t VALUES (1, 'x')").ok());
  EXPECT_EQ(count(*reader), 0);
  ASSERT_TRUE(open->commit().ok());
  EXPECT_EQ(count(*reader), 1);
  Status written = reader->execute("INSERT INTO t VALUES (2, 'y')");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::denied);
}

TEST_F(SqliteTest, a_reader_opens_a_database_whose_writer_is_gone) {
  {
    SqliteDatabase db = writer();
    ASSERT_TRUE(migrate(db, kFirst).ok());
  }
  Result<SqliteDatabase> reader =
      SqliteDatabase::open(folder_ + "/a.sqlite", SqliteMode::read_only, 20ms);
  ASSERT_TRUE(reader.ok()) << reader.error().text();
  EXPECT_EQ(count(*reader), 0);
}

TEST_F(SqliteTest, an_absent_file_is_not_found_for_a_reader) {
  Result<SqliteDatabase> reader =
      SqliteDatabase::open(folder_ + "/none.sqlite", SqliteMode::read_only, 20ms);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, ErrorCode::not_found);
}

TEST_F(SqliteTest, migrations_are_applied_once_and_in_order) {
  SqliteDatabase db = writer();
  ASSERT_TRUE(migrate(db, kFirst).ok());
  EXPECT_EQ(check_migrated(db, kBoth).error().code, ErrorCode::conflict);
  ASSERT_TRUE(migrate(db, kBoth).ok());
  ASSERT_TRUE(migrate(db, kBoth).ok());
  EXPECT_TRUE(check_migrated(db, kBoth).ok());
  EXPECT_TRUE(db.execute("INSERT INTO t VALUES (1, 'x', 2)").ok());
}

TEST_F(SqliteTest, a_changed_or_newer_schema_is_an_integrity_error) {
  SqliteDatabase db = writer();
  ASSERT_TRUE(migrate(db, kBoth).ok());
  EXPECT_EQ(migrate(db, kFirst).error().code, ErrorCode::integrity);
  EXPECT_EQ(migrate(db, kChanged).error().code, ErrorCode::integrity);
}

TEST_F(SqliteTest, a_file_that_is_no_database_is_an_integrity_error) {
  std::string path = folder_ + "/a.sqlite";
  FILE* file = fopen(path.c_str(), "w");
  std::string junk(8192, 'x');
  fwrite(junk.data(), 1, junk.size(), file);
  fclose(file);
  Result<SqliteDatabase> reader = SqliteDatabase::open(path, SqliteMode::read_only, 20ms);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, ErrorCode::integrity);
}

}  // namespace
}  // namespace weir
