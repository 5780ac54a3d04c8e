// An operator on a fresh quota database, with rows as ingest leaves them.
#pragma once

#include "quota/operator/postgres_operator_store.h"
#include "quota/operator/resolve.h"
#include "tests/contract/quota/quota_database.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace weir {

class OperatorTest : public ::testing::Test {
 protected:
  OperatorTest() : pool_(database_.options()), store_(pool_) {}

  /// Each gives the row's id.
  std::int64_t quarantined(std::int64_t offset, const std::string& raw = "{}",
                           const std::string& reason = "malformed");
  std::int64_t gap(std::int64_t from, std::int64_t to, std::int64_t opened_at_us);
  /// Shown by the record at `found`, when the producer's one at `behind` was applied already.
  std::int64_t hole(const std::string& producer, std::int64_t from, std::int64_t to,
                    std::int64_t found, std::int64_t behind = 0);
  std::int64_t flag(const std::string& kind, const std::string& what);
  std::int64_t unprovable(std::int64_t offset, std::int64_t bucket_us, std::int64_t units);
  void producer(const std::string& id, std::int64_t epoch);
  void highest(const std::string& producer, std::int64_t epoch, std::int32_t partition,
               std::int64_t highest);

  std::int64_t number(const std::string& sql) const { return std::stoll(database_.ask(sql)); }
  std::int64_t audits() const { return number("SELECT count(*) FROM quota.audit"); }

  const Decision decision_{"ada", "the disk of gw-1 burned; the customer agreed by mail"};
  QuotaDatabase database_;
  Database pool_;
  PostgresOperatorStore store_;
};

}  // namespace weir
