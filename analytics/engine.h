// Answers queries over the files that the catalogue names: DuckDB in memory, confined to the volume.
//
// A tenant sees its own rows and nothing else: the tenant is an argument of every call and a bound
// parameter of every statement. Each call reads the catalogue in one transaction, so it sees whole
// commits; the files it then reads outlive it, since compaction keeps replaced ones longer than the
// query deadline. Rollups answer when they can (dimensions, time zone, range), segments otherwise;
// the answer says which. Errors: `invalid` names the parameter; `unavailable` when the deadline
// passed or no consumer has made the catalogue yet. Threads: any.
#pragma once

#include "analytics/catalogue.h"
#include "analytics/query_lanes.h"
#include "analytics/query_spec.h"
#include "analytics/query_sql.h"
#include "analytics/query_toll.h"
#include "analytics/requests_spec.h"
#include "analytics/table.h"
#include "analytics/volume.h"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct EngineOptions {
  std::int64_t threads = 2;
  std::int64_t memory_bytes_max = 1 << 30;
  std::int64_t temp_bytes_max = 4ll << 30;
  std::int64_t heavy_rows = 50'000;  // a query that reads more yields to the others
};

/// What stands beside every answer.
struct AnswerFacts {
  std::string source;                // "rollup" or "segments"
  std::int64_t expired_events = 0;   // that retention took from files of this range
  std::int64_t overflow_events = 0;  // that the answer may show as "__other__"
  std::int64_t groups_total = 0;
  std::int64_t as_of_us = 0;
  Freshness freshness;
};

struct QueryAnswer {
  Table table;
  AnswerFacts facts;
};

struct RequestsAnswer {
  Table table;
  std::optional<std::string> next_cursor;
  AnswerFacts facts;
};

/// /v1/counts (counts_spec.h).
struct CountsSpec {
  TimeRange range;
  std::int64_t incarnation = 1;
  std::vector<std::int64_t> vector;  // by partition
};
struct SubscriptionCount {
  std::string subscription;
  std::int64_t requests = 0;    // without the unprovable ones
  std::int64_t unprovable = 0;  // too late to be proven new
};
struct CountsAnswer {
  std::int64_t incarnation = 0;    // that the consumer is in; 0: it has seen no stream
  std::vector<std::int64_t> next;  // how far it is, by partition
  bool reached = false;            // at or beyond the vector, everywhere
  std::int64_t expired_events = 0;
  std::vector<SubscriptionCount> rows;  // by subscription
};

class QueryEngine {
 public:
  static Result<QueryEngine> open(const AnalyticsVolume& volume, EngineOptions options,
                                  Clock& clock);
  QueryEngine(QueryEngine&&) = default;

  Result<QueryAnswer> query(const std::string& tenant, const QuerySpec& spec, Deadline deadline,
                            const CostCheck& check);
  Result<RequestsAnswer> requests(const std::string& tenant, const RequestsSpec& spec,
                                  Deadline deadline, const CostCheck& check);
  Result<CountsAnswer> counts(const std::string& tenant, const CountsSpec& spec, Deadline deadline,
                              const CostCheck& check);
  /// Why nothing can be answered yet, if so.
  Status ready();

 private:
  QueryEngine(AnalyticsVolume volume, QueryLanes lanes, Clock& clock)
      : volume_(std::move(volume)), lanes_(std::move(lanes)), clock_(&clock) {}
  Result<Catalogue> open_catalogue();
  std::string read_parquet(const std::vector<DataFile>& files) const;
  /// What the answer reads, from one state of the catalogue, and how fresh that is.
  Result<Relations> plan(const std::string& tenant, const QuerySpec& spec, const Buckets& buckets,
                         AnswerFacts& facts, QueryCost& cost, Deadline deadline);
  struct Files;  // that a query may be answered from
  Result<Files> files_of(const QuerySpec& spec, AnswerFacts& facts);
  Result<std::int64_t> folded(const std::string& tenant, const QuerySpec& spec,
                              const std::vector<DataFile>& rollups, Deadline deadline);

  AnalyticsVolume volume_;
  QueryLanes lanes_;
  Clock* clock_;
};

}  // namespace weir
