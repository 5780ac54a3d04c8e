// Applying catalogues (R8) and setting up the database, on a real PostgreSQL.
#include "quota/catalog_store.h"

#include "catalog/catalog.h"
#include "quota/setup.h"
#include "tests/contract/quota/quota_database.h"

#include <future>
#include <gtest/gtest.h>

namespace weir {
namespace {

Catalog catalog_of(const std::string& toml) {
  CatalogRead read = read_catalog(toml, "test.toml");
  EXPECT_TRUE(read.faults.empty()) << format_faults(read.faults);
  return read.catalog;
}

/// A second version of the meter `requests`, in force from `from_us`.
Catalog changed_from(std::int64_t from_us) {
  return catalog_of(std::string(kTestCatalog) +
                    "[[meter]]\ntenant = \"acme\"\nid = \"requests\"\naggregate = \"sum\"\n"
                    "quantity = \"units\"\nfrom = \"" +
                    format_rfc3339(from_us) + "\"\n");
}

class CatalogStoreTest : public ::testing::Test {
 protected:
  Result<AppliedCatalog> apply(const Catalog& next) {
    Connection connection = database_.connect();
    return apply_catalog(connection, next, "tester", soon());
  }
  /// The first bucket edge at or behind now + `ahead`.
  std::int64_t edge_after(Micros ahead) {
    const std::int64_t at = std::stoll(database_.ask("SELECT quota.v1_clock_us()")) + ahead.count();
    const std::int64_t bucket = QuotaDatabase::kBucketUs;
    return (at + bucket - 1) / bucket * bucket;
  }
  QuotaDatabase database_;
};

TEST_F(CatalogStoreTest, R8_the_first_catalogue_is_free) {
  const auto applied = apply(catalog_of(kTestCatalog));
  ASSERT_TRUE(applied.ok());
  EXPECT_TRUE(applied->changed);
  EXPECT_EQ(applied->version, 1);
  EXPECT_EQ(database_.ask("SELECT catalog_version || catalog_digest FROM quota.v1_deployment"),
            "1" + applied->digest);
  EXPECT_EQ(database_.ask("SELECT actor FROM quota.audit"), "tester");
}

TEST_F(CatalogStoreTest, the_same_catalogue_again_changes_nothing) {
  ASSERT_TRUE(apply(catalog_of(kTestCatalog)).ok());
  const auto again = apply(catalog_of(kTestCatalog));
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(again->version, 1);
}

TEST_F(CatalogStoreTest, R8_a_meter_change_needs_ten_minutes_notice_and_a_bucket_edge) {
  ASSERT_TRUE(apply(catalog_of(kTestCatalog)).ok());
  const std::int64_t fair = edge_after(std::chrono::minutes(12));
  for (std::int64_t from_us : {edge_after(-std::chrono::hours(1)), fair + 1}) {
    const auto refused = apply(changed_from(from_us));
    ASSERT_TRUE(refused.ok());
    EXPECT_FALSE(refused->faults.empty()) << format_rfc3339(from_us);
  }
  EXPECT_EQ(database_.ask("SELECT max(version) FROM quota.catalog"), "1");
  const auto applied = apply(changed_from(fair));
  ASSERT_TRUE(applied.ok());
  EXPECT_TRUE(applied->faults.empty()) << format_faults(applied->faults);
  EXPECT_EQ(applied->version, 2);
}

TEST_F(CatalogStoreTest, R8_applying_waits_for_a_close_that_moves_closed_until) {
  Connection close = database_.connect();
  ASSERT_TRUE(close.begin(soon()).ok());
  ASSERT_TRUE(close.run("SELECT quota.v1_advance_closed_until(900000000)", soon()).ok());
  auto applied = std::async(std::launch::async, [&] { return apply(catalog_of(kTestCatalog)); });
  EXPECT_TRUE(database_.eventually(
      "SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted "
      "AND a.datname = current_database() AND a.query LIKE '%FOR SHARE%'"));
  ASSERT_TRUE(close.commit(soon()).ok());
  EXPECT_TRUE(applied.get().ok());
}

TEST_F(CatalogStoreTest, two_appliers_at_once_make_two_versions) {
  const Catalog one = catalog_of(kTestCatalog);
  const Catalog two =
      catalog_of(std::string(kTestCatalog) + "[[tenant]]\nid = \"b\"\nname = \"B\"\n");
  auto rival = std::async(std::launch::async, [&] { return apply(two); });
  const auto mine = apply(one);
  const auto theirs = rival.get();
  ASSERT_TRUE(mine.ok() && theirs.ok());
  EXPECT_EQ(mine->version + theirs->version, 3);
}

TEST(SetupContractTest, what_was_decided_stays_decided) {
  QuotaDatabase database;
  using std::chrono::minutes;
  Decided decided{minutes(15), minutes(5), minutes(5), minutes(10), "murmur2"};
  Connection connection = database.connect();
  EXPECT_TRUE(check_database(connection, decided, "weir.requests", soon()).ok());
  decided.grace = minutes(20);
  const auto differs = check_database(connection, decided, "weir.requests", soon());
  ASSERT_FALSE(differs.ok());
  EXPECT_EQ(differs.error().code, ErrorCode::config);
  EXPECT_NE(differs.error().what.find("quota.grace is 20m"), std::string::npos);
  EXPECT_NE(differs.error().what.find("10m"), std::string::npos);
  EXPECT_FALSE(set_up_database(connection, decided, "weir.requests", soon()).ok());
}

TEST(SetupContractTest, an_empty_database_is_set_up_once) {
  QuotaDatabase database;
  database.tell("DROP SCHEMA quota CASCADE");
  using std::chrono::minutes;
  const Decided decided{minutes(15), minutes(5), minutes(5), minutes(10), "murmur2"};
  Connection connection = database.connect();
  EXPECT_FALSE(check_database(connection, decided, "t", soon()).ok());
  const auto done = set_up_database(connection, decided, "t", soon());
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->back(), "deployment");
  const auto again = set_up_database(connection, decided, "t", soon());
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->empty());
  EXPECT_TRUE(check_database(connection, decided, "t", soon()).ok());
}

}  // namespace
}  // namespace weir
