#include "quota/postgres_ingest.h"

#include "quota/postgres_sql.h"
#include "quota/postgres_store.h"

#include <limits>

namespace weir {
namespace {

constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();

/// -1 in place of the row of a record that is quarantined whole.
std::int64_t row_of(const Quarantined& row) { return row.whole ? -1 : std::int64_t{row.row}; }

std::string bytes_of(const Identity& identity) {
  std::string out;
  for (std::uint64_t half : {identity.high, identity.low}) {
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(half >> shift));
  }
  return out;
}

Params params_of(const UsageDeltas& deltas, Incarnation incarnation) {
  Params params;
  params.texts(deltas.tenant).texts(deltas.subscription).texts(deltas.meter);
  params.integers(deltas.bucket_us).integers(deltas.units).integer(incarnation.value);
  return params;
}

constexpr std::string_view kAddUsage =
    "WITH added AS (INSERT INTO quota.usage AS u "
    "  (tenant, subscription, meter, bucket_us, units, incarnation) "
    "SELECT d.*, $6::int FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], "
    "  $5::bigint[]) AS d "
    "ON CONFLICT (tenant, subscription, meter, bucket_us, incarnation) DO UPDATE SET units = "
    "  CASE WHEN u.units > 9223372036854775807 - excluded.units THEN 9223372036854775807 "
    "  ELSE u.units + excluded.units END "
    "RETURNING tenant, subscription, meter, bucket_us, units) "
    "SELECT tenant || '/' || subscription || '/' || meter, bucket_us FROM added "
    "WHERE units = 9223372036854775807";

// A row's meters are those that bear its place.
constexpr std::string_view kAddUnprovable =
    "WITH m AS (SELECT place, array_agg(meter ORDER BY nth) AS meters, "
    "    array_agg(units ORDER BY nth) AS units "
    "  FROM unnest($12::text[], $13::bigint[], $14::bigint[]) "
    "    WITH ORDINALITY AS a (meter, place, units, nth) GROUP BY place) "
    "INSERT INTO quota.unprovable (identity, incarnation, partition, record_offset, row, "
    "  event_time_us, append_time_us, bucket_us, tenant, subscription, source, meters, units, "
    "  opened_at_us) "
    "SELECT d.identity, d.incarnation, d.partition, d.record_offset, d.row, d.event_us, "
    "  d.append_us, d.bucket_us, d.tenant, d.subscription, d.source, "
    "  coalesce(m.meters, '{}'), coalesce(m.units, '{}'), " WEIR_NOW_US
    " FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], "
    "    $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[]) "
    "  WITH ORDINALITY AS d (identity, incarnation, partition, record_offset, row, event_us, "
    "    append_us, bucket_us, tenant, subscription, source, place) "
    "LEFT JOIN m USING (place) ORDER BY d.place ON CONFLICT (identity) DO NOTHING";

constexpr std::string_view kRecordProgress =
    "UPDATE quota.progress p SET "
    "  anchor_offset = CASE WHEN f.has_anchor = 1 THEN f.anchor_offset ELSE p.anchor_offset END, "
    "  anchor_append_us = CASE WHEN f.has_anchor = 1 THEN f.anchor_us ELSE p.anchor_append_us END, "
    "  anchor_digest = CASE WHEN f.has_anchor = 1 THEN f.digest ELSE p.anchor_digest END, "
    "  newest_append_us = greatest(p.newest_append_us, nullif(f.newest_us, $18)), "
    "  caught_up_at_us = greatest(p.caught_up_at_us, nullif(f.caught_us, $18)), "
    "  complete_through_us = greatest(p.complete_through_us, nullif(f.caught_us, $18) - $19), "
    // What was applied before this commit lies up to p.newest_append_us.
    "  restamp_short_until_us = CASE WHEN f.horizon_us > 0 AND "
    "      coalesce(p.newest_append_us, 0) < f.horizon_us + p.restamp_window_us "
    "    THEN greatest(p.restamp_short_until_us, f.horizon_us + p.restamp_window_us) "
    "    ELSE p.restamp_short_until_us END, "
    "  horizon_from_us = f.horizon_us, applied_at_us = " WEIR_NOW_US
    ", received = p.received + f.received, applied = p.applied + f.applied, "
    "  duplicate = p.duplicate + f.duplicate, quarantined = p.quarantined + f.quarantined, "
    "  unprovable = p.unprovable + f.unprovable, adjusted = p.adjusted + f.adjusted, "
    "  unsubscribed = p.unsubscribed + f.unsubscribed, "
    "  unnumbered = p.unnumbered + f.unnumbered "
    "FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], "
    "  $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], "
    "  $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::text[]) AS f (partition, "
    "has_anchor, "
    "  anchor_offset, anchor_us, newest_us, caught_us, horizon_us, received, applied, duplicate, "
    "  quarantined, unprovable, adjusted, unsubscribed, unnumbered, digest) "
    "WHERE p.incarnation = $1 AND p.partition = f.partition";

}  // namespace

Result<std::unique_ptr<IngestTransaction>> PostgresIngest::begin(Database& database, Micros grace,
                                                                 Micros horizon,
                                                                 Deadline deadline) {
  Result<Database::Lease> lease = database.acquire(deadline);
  if (!lease) return std::move(lease).error();
  std::unique_ptr<PostgresIngest> self(
      new PostgresIngest(*std::move(lease), grace, horizon, deadline));
  Result<Transaction> begun = Transaction::begin(*self->lease_, deadline);
  if (!begun) return std::move(begun).error();
  self->transaction_.emplace(*std::move(begun));
  return std::unique_ptr<IngestTransaction>(std::move(self));
}

Status PostgresIngest::write(std::string_view sql, const Params& params) {
  Result<Rows> rows = run(sql, params);
  return rows ? Status() : Status(std::move(rows).error());
}

Result<bool> PostgresIngest::advance_progress(Incarnation incarnation, PartitionId partition,
                                              Offset a, Offset b) {
  Result<Rows> rows = run(
      "UPDATE quota.progress SET next = $4 WHERE incarnation = $1 AND partition = $2 AND next = $3 "
      "AND ended_at_us IS NULL",
      Params()
          .integer(incarnation.value)
          .integer(partition.value)
          .integer(a.value)
          .integer(b.value));
  if (!rows) return std::move(rows).error();
  return rows->affected() == 1;
}

Result<std::int64_t> PostgresIngest::read_closed_until() {
  Result<Rows> rows = run("SELECT closed_until_us FROM quota.frozen", Params());
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0);
}

Result<std::int64_t> PostgresIngest::read_catalog_version() {
  Result<Rows> rows = run("SELECT coalesce(max(version), 0) FROM quota.catalog", Params());
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0);
}

Result<std::vector<std::string>> PostgresIngest::add_usage(Incarnation incarnation,
                                                           const UsageDeltas& deltas) {
  Result<Rows> rows = run(kAddUsage, params_of(deltas, incarnation));
  if (!rows) return std::move(rows).error();
  std::vector<std::string> saturated;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    saturated.push_back(std::string(rows->text(i, 0)) + " at " +
                        format_rfc3339(rows->integer(i, 1)));
  }
  return saturated;
}

Status PostgresIngest::add_adjustments(Incarnation incarnation, const UsageDeltas& deltas) {
  return write(
      "INSERT INTO quota.adjustment "
      "(tenant, subscription, meter, bucket_us, units, incarnation, applied_at_us) "
      "SELECT d.*, $6::int, " WEIR_NOW_US
      " FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS d",
      params_of(deltas, incarnation));
}

Status PostgresIngest::add_quarantine_records(Incarnation incarnation,
                                              std::span<const Quarantined> rows) {
  Integers numbers(3);
  std::vector<std::string> types;
  std::vector<std::string_view> raws;
  const Quarantined* last = nullptr;
  for (const Quarantined& row : rows) {
    const bool same =
        last != nullptr && last->partition == row.partition && last->offset == row.offset;
    last = &row;
    if (same) continue;
    numbers.add({row.partition.value, row.offset.value, row.append_time.value});
    types.push_back(database_text(row.content_type));
    raws.push_back(row.raw);
  }
  Params params;
  params.integer(incarnation.value);
  numbers.put(params);
  params.texts(std::vector<std::string_view>(types.begin(), types.end())).bytes_array(raws);
  return write(
      "INSERT INTO quota.quarantine_record "
      "(incarnation, partition, record_offset, append_time_us, content_type, raw, topic) "
      "SELECT $1::int, d.*, (SELECT topic FROM quota.deployment) "
      "FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bytea[]) AS d "
      "ON CONFLICT DO NOTHING",
      params);
}

Status PostgresIngest::add_quarantine(Incarnation incarnation, std::span<const Quarantined> rows) {
  Integers numbers(3);
  std::vector<std::string> texts[3];
  for (const Quarantined& row : rows) {
    numbers.add({row.partition.value, row.offset.value, row_of(row)});
    texts[0].push_back(database_text(row.reason));
    texts[1].push_back(database_text(row.field));
    texts[2].push_back(database_text(row.detail));
  }
  Params params;
  params.integer(incarnation.value);
  numbers.put(params);
  for (const auto& column : texts) {
    params.texts(std::vector<std::string_view>(column.begin(), column.end()));
  }
  return write(
      "INSERT INTO quota.quarantine (incarnation, partition, record_offset, row, reason, field, "
      "detail, opened_at_us) SELECT $1::int, d.*, " WEIR_NOW_US
      " FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[]) "
      "AS d ON CONFLICT (incarnation, partition, record_offset, row) DO NOTHING",
      params);
}

Status PostgresIngest::add_gaps(Incarnation incarnation, std::span<const Gap> gaps) {
  Integers numbers(3);
  std::vector<std::string> reasons;
  for (const Gap& gap : gaps) {
    numbers.add({gap.partition.value, gap.from.value, gap.to.value});
    reasons.push_back(database_text(gap.reason));
  }
  Params params;
  params.integer(incarnation.value);
  numbers.put(params);
  params.texts(std::vector<std::string_view>(reasons.begin(), reasons.end()));
  return write(
      "INSERT INTO quota.gap (incarnation, partition, from_offset, to_offset, reason, "
      "opened_at_us) "
      "SELECT $1::int, d.*, " WEIR_NOW_US
      " FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) AS d "
      "ON CONFLICT (incarnation, partition, from_offset, to_offset) DO NOTHING",
      params);
}

Status PostgresIngest::add_unprovable(std::span<const Unprovable> rows) {
  std::vector<std::string> identities;
  std::vector<std::string_view> texts[3], meters;
  Integers numbers(7), units(2);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Unprovable& row = rows[i];
    identities.push_back(bytes_of(row.identity));
    numbers.add({row.address.incarnation.value, row.partition.value, row.address.offset.value,
                 row.address.row, row.time.value, row.append_time.value, row.bucket_us});
    texts[0].push_back(row.tenant);
    texts[1].push_back(row.subscription);
    texts[2].push_back(row.source);
    for (std::size_t m = 0; m < row.meters.size(); ++m) {
      meters.push_back(row.meters[m]);
      units.add({static_cast<std::int64_t>(i) + 1, row.units[m]});
    }
  }
  Params params;
  params.bytes_array(std::vector<std::string_view>(identities.begin(), identities.end()));
  numbers.put(params);
  for (const auto& column : texts) params.texts(column);
  params.texts(meters);
  units.put(params);
  return write(kAddUnprovable, params);
}

Status PostgresIngest::add_flag(Incarnation incarnation, std::optional<PartitionId> partition,
                                const std::string& kind, const std::string& what) {
  Params params;
  params.text(kind).integer(incarnation.value);
  put_partition(params, partition);
  return write(kInsertFlag, params.text(database_text(what)));
}

Status PostgresIngest::name_generations(std::span<const Generation> generations) {
  for (const Generation& g : generations) {
    Params params;
    params.text(g.volume_id).integer(g.incarnation).integer(g.partition).integer(g.from_offset);
    params.integer(g.to_offset).text(g.digest).integer(g.append_min.value);
    params.integer(g.append_max.value).integer(g.identities);
    WEIR_TRY(write(
        "INSERT INTO quota.generation (volume_id, incarnation, partition, from_offset, to_offset, "
        "digest, append_min_us, append_max_us, identities, named_at_us) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, " WEIR_NOW_US ") ON CONFLICT DO NOTHING",
        params));
  }
  return Status();
}

Status PostgresIngest::forget_generations(std::span<const Generation> generations) {
  for (const Generation& g : generations) {
    Params params;
    params.text(g.volume_id).integer(g.incarnation).integer(g.partition).integer(g.from_offset);
    params.integer(g.to_offset).text(g.digest);
    WEIR_TRY(write(
        "DELETE FROM quota.generation WHERE volume_id = $1 AND incarnation = $2 AND partition = $3 "
        "AND from_offset = $4 AND to_offset = $5 AND digest = $6",
        params));
  }
  return Status();
}

Status PostgresIngest::record_progress(Incarnation incarnation,
                                       std::span<const ProgressFacts> facts) {
  Integers numbers(15);
  std::vector<std::string_view> digests;
  for (const ProgressFacts& fact : facts) {
    const Range& range = *fact.range;
    const Anchor anchor = range.anchor.value_or(Anchor{});
    const RangeCounts& n = range.counts;
    numbers.add({range.partition.value, range.anchor ? 1 : 0, anchor.offset.value,
                 anchor.append_time.value, range.newest_append ? range.newest_append->value : kNone,
                 range.caught_up_at ? range.caught_up_at->value : kNone, range.horizon_from.value,
                 n.received, n.applied, n.duplicate, n.quarantined + n.dropped, n.unprovable,
                 fact.adjusted, fact.unsubscribed, n.unnumbered});
    digests.push_back(range.anchor ? std::string_view(range.anchor->digest) : "");
  }
  Params params;
  params.integer(incarnation.value);
  numbers.put(params);
  params.texts(digests).integer(kNone).integer(grace_.count());
  Result<Rows> rows = run(kRecordProgress, params);
  if (!rows) return std::move(rows).error();
  WEIR_CHECK(rows->affected() == static_cast<std::int64_t>(facts.size()));
  return Status();
}

Status PostgresIngest::commit() { return transaction_->commit(deadline_); }

}  // namespace weir
