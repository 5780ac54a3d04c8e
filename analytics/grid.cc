#include "analytics/grid.h"

#include "analytics/histogram.h"

#include <utility>

namespace weir {
namespace {

Cell ratio(Int128 part, Int128 whole) {
  if (whole == 0) return {};
  return static_cast<double>(part) / static_cast<double>(whole);
}

Cell value_of(const Counted& counted, const MetricWord& metric, std::size_t& percentile) {
  if (metric.per_mille > 0) {
    std::size_t index = percentile++;
    return index < counted.percentiles.size() ? counted.percentiles[index] : Cell{};
  }
  const Int128(&s)[kSums] = counted.sums;
  if (metric.name == "error_rate") return ratio(s[kErrors], s[kRequests]);
  if (metric.name == "latency_avg") return ratio(s[kLatencySum], s[kLatencyCount]);
  for (int sum = 0; sum < kSums; ++sum) {
    if (sums()[sum].name == metric.name) return s[sum];
  }
  WEIR_CHECK(!"a metric that is a sum");
}

/// A row of count_buckets: b, g, the sums, the percentiles.
Counted counted_of(const DuckResult& rows, std::size_t row, const QuerySpec& spec, bool rollup) {
  Counted counted;
  for (int sum = 0; sum < kSums; ++sum) {
    if (!rows.is_null(row, 2 + sum)) counted.sums[sum] = rows.integer128(row, 2 + sum);
  }
  std::size_t column = 2 + kSums;
  for (const MetricWord* metric : spec.metrics) {
    if (metric->per_mille == 0) continue;
    Cell& cell = counted.percentiles.emplace_back();
    if (!rows.is_null(row, column)) {
      std::int64_t value = rows.integer(row, column);
      cell = Int128{rollup ? latency_of_bucket(static_cast<std::uint16_t>(value)) : value};
    }
    ++column;
  }
  return counted;
}

}  // namespace

Grid::Grid(const QuerySpec& spec, const Buckets& buckets) : spec_(spec), buckets_(buckets) {
  if (is_grouped()) return;
  groups_.emplace_back();  // one group without a key
  groups_total_ = 1;
  cells_.resize(buckets_.count());
}

Status Grid::rank(DuckConnection& connection, const std::string& tenant, const Relations& from,
                  Deadline deadline) {
  if (!is_grouped()) return {};
  Statement statement = rank_groups(spec_, tenant, from);
  Result<DuckResult> rows = run(connection, statement, deadline);
  if (!rows) return rows.error();
  for (std::size_t row = 0; row < rows->rows(); ++row) {
    GroupKey& key = groups_.emplace_back();
    for (std::size_t d = 0; d < spec_.group_by.size(); ++d) key.emplace_back(rows->text(row, d));
    groups_total_ = rows->integer(row, spec_.group_by.size());
  }
  rest_ = spec_.other && groups_total_ > static_cast<std::int64_t>(groups_.size());
  return {};
}

Status Grid::count(DuckConnection& connection, const std::string& tenant, const Relations& from,
                   Deadline deadline) {
  if (groups_.empty()) return {};
  if (ranks() * buckets_.count() > kCellsMax) {
    return Error{ErrorCode::invalid,
                 "limit: " + std::to_string(ranks()) + " groups in " +
                     std::to_string(buckets_.count()) + " buckets are more than " +
                     std::to_string(kCellsMax) + " rows",
                 "ask for fewer groups or a coarser granularity"};
  }
  cells_.resize(ranks() * buckets_.count());
  Statement statement = count_buckets(spec_, tenant, from, buckets_, groups_, rest_);
  Result<DuckResult> rows = run(connection, statement, deadline);
  if (!rows) return rows.error();
  for (std::size_t row = 0; row < rows->rows(); ++row) {
    auto bucket = static_cast<std::size_t>(rows->integer(row, 0));
    std::int64_t g = rows->integer(row, 1);
    std::size_t at = g < 0 ? groups_.size() : static_cast<std::size_t>(g);
    cells_[bucket * ranks() + at] = counted_of(*rows, row, spec_, from.rollup);
  }
  return {};
}

std::vector<Cell> Grid::row(std::size_t bucket, std::size_t rank) const {
  std::vector<Cell> row;
  if (spec_.granularity) row.emplace_back(Int128{buckets_.edges[bucket]});
  bool rest = rank >= groups_.size();
  for (std::size_t d = 0; d < spec_.group_by.size(); ++d) {
    Cell& cell = row.emplace_back();
    if (rest) continue;
    if (spec_.group_by[d]->kind == Table::Kind::integer) {
      cell = Int128{std::stoll(groups_[rank][d])};
    } else {
      cell = groups_[rank][d];
    }
  }
  if (is_grouped() && spec_.other) row.emplace_back(rest);
  std::size_t percentile = 0;
  for (const MetricWord* metric : spec_.metrics) {
    row.emplace_back() = value_of(cells_[bucket * ranks() + rank], *metric, percentile);
  }
  return row;
}

Table Grid::table() const {
  Table table;
  if (spec_.granularity) table.columns.push_back({"time", Table::Kind::time});
  for (const DimensionWord* dimension : spec_.group_by) {
    table.columns.push_back({std::string(dimension->name), dimension->kind});
  }
  if (is_grouped() && spec_.other) table.columns.push_back({"other", Table::Kind::boolean});
  for (const MetricWord* metric : spec_.metrics) {
    table.columns.push_back({std::string(metric->name), metric->kind});
  }
  for (std::size_t bucket = 0; bucket < buckets_.count(); ++bucket) {
    for (std::size_t rank = 0; rank < ranks(); ++rank) table.rows.push_back(row(bucket, rank));
  }
  return table;
}

}  // namespace weir
