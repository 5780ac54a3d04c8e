// The ingest transaction's statements about redriven events (R7) and kept anchors (R1).
#include "quota/postgres_ingest.h"
#include "quota/postgres_sql.h"

namespace weir {

Result<std::vector<std::int64_t>> PostgresIngest::close_redrives(
    Incarnation incarnation, std::span<const RedriveDecision> decisions) {
  std::vector<std::string_view> states;
  Integers numbers(3);
  for (const RedriveDecision& decision : decisions) {
    numbers.add({decision.child, decision.partition.value, decision.offset.value});
    states.push_back(decision.state);
  }
  Params params;
  params.integer(incarnation.value);
  numbers.put(params);
  params.texts(states);
  std::vector<std::int64_t> children;
  for (const RedriveDecision& decision : decisions) children.push_back(decision.child);

  WEIR_TRY(
      run("SELECT FROM quota.quarantine WHERE id IN "
          "  (SELECT quarantine_id FROM quota.redrive WHERE id = ANY ($1)) "
          "ORDER BY id FOR UPDATE",
          Params().integers(children)));
  Result<Rows> rows =
      run("UPDATE quota.redrive r SET state = d.state, decided_at_us = " WEIR_NOW_US
          ", at_incarnation = $1, at_partition = d.partition, at_offset = d.record_offset "
          "FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) "
          "  AS d (id, partition, record_offset, state) "
          "WHERE r.id = d.id AND r.state = 'open' RETURNING r.id",
          params);
  if (!rows) return std::move(rows).error();
  std::vector<std::int64_t> open;
  for (std::size_t i = 0; i < rows->size(); ++i) open.push_back(rows->integer(i, 0));
  WEIR_TRY(write("UPDATE quota.quarantine q SET resolved_at_us = " WEIR_NOW_US
                 ", resolution = 'redriven' "
                 "WHERE q.resolved_at_us IS NULL "
                 "  AND q.id IN (SELECT quarantine_id FROM quota.redrive WHERE id = ANY ($1)) "
                 "  AND NOT EXISTS (SELECT FROM quota.redrive r "
                 "                  WHERE r.quarantine_id = q.id AND r.state = 'open')",
                 Params().integers(children)));
  return open;
}

Status PostgresIngest::add_dropped(Incarnation incarnation,
                                   std::span<const DroppedRedrive> dropped) {
  Integers numbers(5);
  for (const DroppedRedrive& one : dropped) {
    numbers.add({one.child, one.partition.value, one.offset.value, one.append_time.value,
                 one.row ? std::int64_t{*one.row} : -1});
  }
  Params params;
  params.integer(incarnation.value);
  numbers.put(params);
  constexpr std::string_view kRecord =
      "INSERT INTO quota.quarantine_record "
      "(incarnation, partition, record_offset, append_time_us, content_type, raw, topic) "
      "SELECT $1::int, d.partition, d.record_offset, d.append_us, 'application/json', "
      "  coalesce(r.event, ''), (SELECT topic FROM quota.deployment) "
      "FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) "
      "  AS d (child, partition, record_offset, append_us, row) "
      "LEFT JOIN quota.redrive r ON r.id = d.child ON CONFLICT DO NOTHING";
  WEIR_TRY(write(kRecord, params));
  return write(
      "INSERT INTO quota.quarantine (incarnation, partition, record_offset, row, reason, field, "
      "  detail, opened_at_us, resolved_at_us, resolution) "
      "SELECT $1::int, d.partition, d.record_offset, d.row, "
      "  CASE WHEN r.id IS NULL THEN 'redrive_unknown' ELSE 'redrive_decided' END, 'weir-redrive', "
      "  'child ' || d.child, " WEIR_NOW_US ", CASE WHEN r.id IS NOT NULL THEN " WEIR_NOW_US
      " END, CASE WHEN r.id IS NOT NULL THEN 'dropped' END "
      "FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) "
      "  AS d (child, partition, record_offset, append_us, row) "
      "LEFT JOIN quota.redrive r ON r.id = d.child "
      "ON CONFLICT (incarnation, partition, record_offset, row) DO UPDATE "
      "SET resolved_at_us = excluded.resolved_at_us, resolution = excluded.resolution",
      params);
}

Status PostgresIngest::keep_anchor(Incarnation incarnation, PartitionId partition,
                                   const Anchor& anchor) {
  return write(
      "WITH pruned AS (DELETE FROM quota.anchor WHERE incarnation = $1 AND partition = $2 "
      "  AND append_us < $5::bigint - $6::bigint) "
      "INSERT INTO quota.anchor (incarnation, partition, record_offset, digest, append_us) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
      Params()
          .integer(incarnation.value)
          .integer(partition.value)
          .integer(anchor.offset.value)
          .text(anchor.digest)
          .integer(anchor.append_time.value)
          .integer(horizon_.count()));
}

}  // namespace weir
