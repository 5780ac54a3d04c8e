#include "tests/contract/quota/ingest_fixture.h"

namespace weir {

CommitBatch batch_of(std::int64_t from, std::int64_t to, const std::vector<Event>& events) {
  static const IdentityKey key = *IdentityKey::from_secret("a secret of sixteen bytes or more");
  CommitBatch batch;
  batch.incarnation = Incarnation{1};
  Range range;
  range.partition = PartitionId{0};
  range.from = Offset{from};
  range.to = Offset{to};
  for (const Event& event : events) {
    const RequestRow::Quantity tokens[] = {{"tokens", event.tokens}};
    RequestRow row;
    row.tenant = event.tenant;
    row.source = "test";
    row.id = event.id;
    row.subscription = event.subscription;
    row.time = EventTime{event.time_us};
    if (event.tokens != 0) row.quantities = tokens;
    append_row(batch.rows, row, key, Sections::usage);
    batch.verdict.push_back(event.verdict);
    batch.range_of.push_back(0);
    batch.address.push_back({Incarnation{1}, Offset{from}, 0});
    batch.append_time.push_back(AppendTime{event.time_us + 1});
    ++range.counts.received;
    if (event.verdict == Verdict::fresh) ++range.counts.applied;
    if (event.verdict == Verdict::duplicate) ++range.counts.duplicate;
    if (event.verdict == Verdict::unprovable) ++range.counts.unprovable;
  }
  batch.ranges.push_back(range);
  return batch;
}

IngestTest::IngestTest()
    : pool_(database_.options()),
      real_(pool_, std::chrono::minutes(10), {std::chrono::hours(24), std::chrono::hours(1)}),
      staged_(real_, stages_),
      deployment_(*real_.read_deployment(soon())),
      handler_(staged_, deployment_, metrics_) {
  database_.apply_catalog(kTestCatalog);
  const PartitionId partitions[] = {PartitionId{0}, PartitionId{1}};
  EXPECT_TRUE(handler_.load(partitions, 2, soon()).ok());
}

std::string IngestTest::usage_of(const std::string& subscription, const std::string& meter) const {
  return database_.ask("SELECT coalesce(sum(units), 0) FROM quota.v1_usage WHERE subscription = '" +
                       subscription + "' AND meter = '" + meter + "'");
}

std::string IngestTest::adjusted_of(const std::string& subscription,
                                    const std::string& meter) const {
  return database_.ask(
      "SELECT coalesce(sum(units), 0) FROM quota.v1_adjustments WHERE subscription = '" +
      subscription + "' AND meter = '" + meter + "'");
}

}  // namespace weir
