#include "analytics/engine.h"

#include "analytics/grid.h"
#include "analytics/rollup.h"

#include <algorithm>

namespace weir {
namespace {

/// What a rollup cannot know; empty: it can answer.
std::string why_not_rollup(const QuerySpec& spec, const Buckets& buckets) {
  for (const DimensionWord* dimension : spec.group_by) {
    if (dimension->in_rollup.empty()) return "group_by " + std::string(dimension->name);
  }
  for (const DimensionFilter& filter : spec.filters) {
    if (filter.dimension->in_rollup.empty()) return "filter " + std::string(filter.dimension->name);
  }
  if (!buckets.on_minutes()) return "the granularity is finer than a minute";
  bool whole = spec.range.from_us == minute_of(spec.range.from_us) &&
               spec.range.to_us == minute_of(spec.range.to_us);
  return whole ? "" : "from and to must be whole minutes";
}

bool asks_capped(const QuerySpec& spec) {
  auto capped = [](const DimensionWord* d) { return d->capped; };
  return std::any_of(spec.group_by.begin(), spec.group_by.end(), capped) ||
         std::any_of(spec.filters.begin(), spec.filters.end(),
                     [](const DimensionFilter& f) { return f.dimension->capped; });
}

}  // namespace

Result<QueryEngine> QueryEngine::open(const AnalyticsVolume& volume, EngineOptions options,
                                      Clock& clock) {
  DuckOptions duck;
  duck.threads = options.threads;
  duck.memory_bytes_max = options.memory_bytes_max;
  duck.temp_folder = volume.temp_folder();
  duck.temp_bytes_max = options.temp_bytes_max;
  duck.confined = true;
  duck.folders = {volume.folder(FileKind::segment), volume.folder(FileKind::rollup),
                  volume.temp_folder()};
  Result<QueryLanes> lanes = QueryLanes::open(duck, options.heavy_rows);
  if (!lanes) return lanes.error();
  return QueryEngine(volume, std::move(*lanes), clock);
}

Result<Catalogue> QueryEngine::open_catalogue() {
  Result<Catalogue> catalogue = Catalogue::open(volume_.catalogue_path(), SqliteMode::read_only);
  if (catalogue) return catalogue;
  ErrorCode code = catalogue.error().code;
  if (code != ErrorCode::not_found && code != ErrorCode::conflict) return catalogue;
  return Error{ErrorCode::unavailable, "no catalogue yet in " + volume_.root(),
               "start weir-analytics consume"};
}

Status QueryEngine::ready() {
  Result<Catalogue> catalogue = open_catalogue();
  if (!catalogue) return catalogue.error();
  return {};
}

std::string QueryEngine::read_parquet(const std::vector<DataFile>& files) const {
  if (files.empty()) return "";
  std::string list;
  for (const DataFile& file : files) {
    list += (list.empty() ? "" : ", ") + sql_quote(volume_.path(file));
  }
  return "read_parquet([" + list + "])";
}

struct QueryEngine::Files {
  std::vector<DataFile> rollups, segments, histograms;
  std::int64_t rollups_gone = 0, rows_gone = 0;  // events that retention took
};

Result<QueryEngine::Files> QueryEngine::files_of(const QuerySpec& spec, AnswerFacts& facts) {
  Result<Catalogue> catalogue = open_catalogue();
  if (!catalogue) return catalogue.error();
  Result<SqliteTransaction> snapshot = catalogue->begin_read();
  if (!snapshot) return snapshot.error();
  Result<Freshness> freshness = catalogue->freshness();
  if (!freshness) return freshness.error();
  facts.freshness = *freshness;
  facts.as_of_us = clock_->now().value;
  auto files = [&](FileKind kind) {
    return catalogue->live_files(kind, spec.range.from_us, spec.range.to_us);
  };
  auto expired = [&](FileKind kind) {
    return catalogue->expired_events(kind, spec.range.from_us, spec.range.to_us);
  };
  Result<std::vector<DataFile>> rollups = files(FileKind::rollup);
  Result<std::vector<DataFile>> segments = files(FileKind::segment);
  Result<std::vector<DataFile>> histograms = files(FileKind::histogram);
  Result<std::int64_t> rollups_gone = expired(FileKind::rollup);
  Result<std::int64_t> rows_gone = expired(FileKind::segment);
  for (const auto* found : {&rollups, &segments, &histograms}) WEIR_TRY(*found);
  for (const auto* found : {&rollups_gone, &rows_gone}) WEIR_TRY(*found);
  return Files{*std::move(rollups), *std::move(segments), *std::move(histograms), *rollups_gone,
               *rows_gone};
}

// The catalogue knows how much the caps folded away, but not whose: a tenant whose own keys are whole
// shall not be sent to the rows by another's.
Result<std::int64_t> QueryEngine::folded(const std::string& tenant, const QuerySpec& spec,
                                         const std::vector<DataFile>& rollups, Deadline deadline) {
  if (!asks_capped(spec)) return std::int64_t{0};
  std::vector<DataFile> capped;
  for (const DataFile& file : rollups) {
    if (file.overflow_events > 0) capped.push_back(file);
  }
  if (capped.empty()) return std::int64_t{0};
  const std::string other = sql_quote(kOther);
  Statement sum;
  sum.text = "SELECT coalesce(sum(requests), 0)::BIGINT FROM " + read_parquet(capped) +
             " WHERE tenant IN (" + sum.bind(tenant) + ", " + other + ") AND api = " + other +
             " AND route = " + other + " AND subscription = " + other +
             " AND minute_us >= " + sum.bind(minute_of(spec.range.from_us)) + " AND minute_us < " +
             sum.bind(spec.range.to_us);
  std::int64_t events = 0;
  WEIR_TRY(lanes_.work(0, [&](DuckConnection& connection) -> Status {
    Result<DuckResult> rows = run(connection, sum, deadline);
    if (!rows) return rows.error();
    events = rows->integer(0, 0);
    return {};
  }));
  return events;
}

// Rollups, when they know all that is asked. Where their cap has folded the tenant's keys away, the
// rows know better, as long as they are all still there.
Result<Relations> QueryEngine::plan(const std::string& tenant, const QuerySpec& spec,
                                    const Buckets& buckets, AnswerFacts& facts, QueryCost& cost,
                                    Deadline deadline) {
  Result<Files> files = files_of(spec, facts);
  if (!files) return files.error();
  std::string obstacle = why_not_rollup(spec, buckets);
  if (spec.source == SourceChoice::rollup && !obstacle.empty()) {
    return Error{ErrorCode::invalid, "source: rollups cannot answer this: " + obstacle, ""};
  }
  Result<std::int64_t> gone = std::int64_t{0};
  const bool may_be_rollup = obstacle.empty() && spec.source != SourceChoice::segments;
  if (may_be_rollup) gone = folded(tenant, spec, files->rollups, deadline);
  if (!gone) return gone.error();
  bool rows_are_better = *gone > 0 && files->rows_gone == 0;
  bool rollup = spec.source == SourceChoice::rollup ||
                (spec.source == SourceChoice::automatic && obstacle.empty() && !rows_are_better);
  facts.source = rollup ? "rollup" : "segments";
  facts.expired_events = rollup ? files->rollups_gone : files->rows_gone;
  facts.overflow_events = rollup ? *gone : 0;
  cost.source = facts.source;
  cost.span_us = spec.range.to_us - spec.range.from_us;
  cost.add(rollup ? files->rollups : files->segments);
  if (rollup) {
    if (wants_percentiles(spec)) cost.add(files->histograms);
    return Relations{true, read_parquet(files->rollups), read_parquet(files->histograms)};
  }
  cost.obstacle = obstacle;
  return Relations{false, read_parquet(files->segments), ""};
}

Result<QueryAnswer> QueryEngine::query(const std::string& tenant, const QuerySpec& spec,
                                       Deadline deadline, const CostCheck& check) {
  Result<Buckets> buckets = buckets_of(spec);
  if (!buckets) return buckets.error();
  QueryAnswer answer;
  QueryCost cost;
  Result<Relations> from = plan(tenant, spec, *buckets, answer.facts, cost, deadline);
  if (!from) return from.error();
  WEIR_TRY(check(cost));
  Grid grid(spec, *buckets);
  if (!from->empty()) {
    const auto ask = [&](DuckConnection& connection) -> Status {
      WEIR_TRY(grid.rank(connection, tenant, *from, deadline));
      return grid.count(connection, tenant, *from, deadline);
    };
    WEIR_TRY(lanes_.work(weight_of(cost), ask));
  }
  answer.facts.groups_total = grid.groups_total();
  answer.table = grid.table();
  return answer;
}

}  // namespace weir
