// A quota handler on a fresh database, and batches in the words of the domain.
#pragma once

#include "base/metrics.h"
#include "quota/handler.h"
#include "tests/contract/quota/quota_database.h"
#include "tests/contract/quota/staged_store.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace weir {

/// One event; the identity is its id.
struct Event {
  std::string subscription = "sub-1";
  std::int64_t time_us = 0;
  std::string id = "e";
  std::int64_t tokens = 0;
  Verdict verdict = Verdict::fresh;
  std::string tenant = "acme";
};

/// The batch of one range [from, to) of partition 0, its events from successive offsets.
CommitBatch batch_of(std::int64_t from, std::int64_t to, const std::vector<Event>& events);

class IngestTest : public ::testing::Test {
 protected:
  IngestTest();
  /// A further consumer of the same database.
  QuotaHandler handler() { return QuotaHandler(staged_, deployment_, metrics_); }
  Result<Committed> commit(const CommitBatch& batch) { return handler_.commit(batch, soon()); }
  std::string usage_of(const std::string& subscription, const std::string& meter) const;
  std::string adjusted_of(const std::string& subscription, const std::string& meter) const;

  QuotaDatabase database_;
  Database pool_;
  PostgresStore real_;
  Stages stages_;
  StagedStore staged_;
  Metrics metrics_;
  Deployment deployment_;
  QuotaHandler handler_;
};

}  // namespace weir
