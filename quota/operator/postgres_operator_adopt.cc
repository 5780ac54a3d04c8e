// Of the operator's transaction: a new incarnation (R1).
#include "quota/operator/postgres_operator.h"
#include "quota/postgres_sql.h"
#include "quota/postgres_store.h"

#include <algorithm>
#include <limits>

namespace weir {
namespace {

constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();

/// $2 …: the columns of the progress rows.
void put_starts(Params& params, const std::vector<IncarnationStart>& starts) {
  Integers numbers(8);
  std::vector<std::string_view> digests;
  for (const IncarnationStart& start : starts) {
    const bool anchored = start.anchor.has_value();
    numbers.add(
        {start.partition.value, start.start.value, anchored ? start.anchor->offset.value : kNone,
         anchored ? start.anchor->append_time.value : kNone,
         start.unheld_until ? start.unheld_until->value : kNone, start.horizon_us,
         start.restamp_window_us, start.newest_append ? start.newest_append->value : kNone});
    digests.push_back(anchored ? std::string_view(start.anchor->digest) : std::string_view());
  }
  numbers.put(params);
  params.texts(digests).integer(kNone);
}

}  // namespace

ProgressRow progress_row(const Rows& rows, std::size_t at) {
  ProgressRow row;
  row.partition = PartitionId{static_cast<std::int32_t>(rows.integer(at, 0))};
  row.next = Offset{rows.integer(at, 1)};
  if (!rows.null(at, 2)) {
    row.anchor = Anchor{Offset{rows.integer(at, 2)}, std::string(rows.text(at, 3)),
                        AppendTime{rows.integer(at, 4)}};
  }
  if (!rows.null(at, 5)) row.newest_append = AppendTime{rows.integer(at, 5)};
  row.horizon_from = AppendTime{rows.integer(at, 6)};
  row.horizon_us = rows.integer(at, 7);
  row.restamp_window_us = rows.integer(at, 8);
  if (!rows.null(at, 9)) row.unheld_until = AppendTime{rows.integer(at, 9)};
  return row;
}

Result<std::pair<Incarnation, std::int32_t>> PostgresOperator::incarnation() {
  Result<Rows> rows = run("SELECT incarnation, partitions FROM quota.deployment FOR UPDATE");
  if (!rows) return std::move(rows).error();
  return std::pair(Incarnation{static_cast<std::int32_t>(rows->integer(0, 0))},
                   static_cast<std::int32_t>(rows->integer(0, 1)));
}

Result<std::vector<ProgressRow>> PostgresOperator::end_progress(Incarnation incarnation) {
  // Locked in the order in which ingest takes them.
  WEIR_TRY(run("SELECT FROM quota.progress WHERE incarnation = $1 ORDER BY partition FOR UPDATE",
               Params().integer(incarnation.value)));
  Result<Rows> rows =
      run("UPDATE quota.progress SET ended_at_us = " WEIR_NOW_US
          " WHERE incarnation = $1 RETURNING partition, next, anchor_offset, anchor_digest, "
          "anchor_append_us, newest_append_us, horizon_from_us, horizon_us, restamp_window_us, "
          "unheld_until_us",
          Params().integer(incarnation.value));
  if (!rows) return std::move(rows).error();
  std::vector<ProgressRow> out;
  for (std::size_t i = 0; i < rows->size(); ++i) out.push_back(progress_row(*rows, i));
  std::sort(out.begin(), out.end(),
            [](const ProgressRow& a, const ProgressRow& b) { return a.partition < b.partition; });
  return out;
}

Status PostgresOperator::begin_incarnation(const NewIncarnation& begun, const Decision& decision) {
  const auto count = static_cast<std::int64_t>(begun.starts.size());
  std::vector<std::int64_t> starts;
  for (const IncarnationStart& start : begun.starts) starts.push_back(start.start.value);
  WEIR_TRY(
      write("INSERT INTO quota.incarnation (incarnation, topic, partitions, began_at_us, why, "
            "starts, decided_by, reason, former_topic, inherited_until_us) VALUES ($1, $2, "
            "$3, " WEIR_NOW_US ", $4, $5, $6, $7, nullif($8, ''), nullif($9::bigint, $10::bigint))",
            Params()
                .integer(begun.incarnation.value)
                .text(begun.topic)
                .integer(count)
                .text(begun.why)
                .integers(starts)
                .text(database_text(decision.by))
                .text(database_text(decision.reason))
                .text(begun.inherits ? begun.inherits->topic : "")
                .integer(begun.inherits ? begun.inherits->newest.value : kNone)
                .integer(kNone)));
  if (begun.inherits) WEIR_TRY(add_inherited(begun.incarnation, *begun.inherits));
  Params params;
  params.integer(begun.incarnation.value);
  put_starts(params, begun.starts);
  WEIR_TRY(write(
      "INSERT INTO quota.progress (incarnation, partition, next, anchor_offset, anchor_append_us, "
      "unheld_until_us, horizon_us, restamp_window_us, newest_append_us, anchor_digest, "
      "applied_at_us, restamp_short_until_us) "
      "SELECT $1::int, d.partition::int, d.next, nullif(d.anchor_offset, $11::bigint), "
      "nullif(d.anchor_us, $11::bigint), nullif(d.unheld_us, $11::bigint), d.horizon_us, "
      "d.restamp_us, nullif(d.newest_us, $11::bigint), nullif(d.digest, ''), " WEIR_NOW_US
      ", (SELECT max(restamp_short_until_us) FROM quota.progress WHERE incarnation = $1::int - 1)"
      " FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], "
      "$7::bigint[], $8::bigint[], $9::bigint[], $10::text[]) AS d (partition, next, "
      "anchor_offset, anchor_us, unheld_us, horizon_us, restamp_us, newest_us, digest)",
      params));
  return write(
      "UPDATE quota.deployment SET incarnation = $1, topic = $2, cluster_id = $3, "
      "partitions = $4",
      Params()
          .integer(begun.incarnation.value)
          .text(begun.topic)
          .text(begun.cluster_id)
          .integer(count));
}

Status PostgresOperator::add_gaps(std::span<const NewGap> gaps) {
  Integers numbers(4);
  std::vector<std::string_view> reasons;
  for (const NewGap& gap : gaps) {
    numbers.add({gap.incarnation.value, gap.partition.value, gap.from.value, gap.to.value});
    reasons.push_back(gap.reason);
  }
  Params params;
  numbers.put(params);
  return write(
      "INSERT INTO quota.gap (incarnation, partition, from_offset, to_offset, reason, "
      "opened_at_us) SELECT d.incarnation::int, d.partition::int, d.from_offset, "
      "d.to_offset, d.reason, " WEIR_NOW_US
      " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) "
      "AS d (incarnation, partition, from_offset, to_offset, reason)",
      params.texts(reasons));
}

}  // namespace weir
