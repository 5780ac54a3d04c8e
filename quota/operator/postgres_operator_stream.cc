// Of the operator's transaction: gaps, holes, flags, producers.
#include "quota/operator/postgres_operator.h"
#include "quota/postgres_sql.h"
#include "quota/postgres_store.h"

namespace weir {
namespace {

PartitionId partition_at(const Rows& rows, std::size_t row, int column) {
  return PartitionId{static_cast<std::int32_t>(rows.integer(row, column))};
}
Incarnation incarnation_at(const Rows& rows, std::size_t row, int column) {
  return Incarnation{static_cast<std::int32_t>(rows.integer(row, column))};
}

std::vector<HoleRow> holes_of(const Rows& rows) {
  std::vector<HoleRow> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    HoleRow hole;
    hole.id = rows.integer(i, 0);
    hole.incarnation = incarnation_at(rows, i, 1);
    hole.partition = partition_at(rows, i, 2);
    hole.producer = std::string(rows.text(i, 3));
    hole.epoch = rows.integer(i, 4);
    hole.from = rows.integer(i, 5);
    hole.to = rows.integer(i, 6);
    hole.opened_at_us = rows.integer(i, 7);
    hole.settled = {std::string(rows.text(i, 9)), std::string(rows.text(i, 8))};
    out.push_back(std::move(hole));
  }
  return out;
}

#define WEIR_HOLE_COLUMNS                                                    \
  "id, incarnation, partition, producer, epoch, from_number, to_number, "    \
  "opened_at_us, CASE WHEN accepted_at_us IS NOT NULL THEN 'accepted' "      \
  "WHEN closed_at_us IS NOT NULL THEN 'filled by its numbers' ELSE '' END, " \
  "coalesce(accepted_by, '')"

Params decided(std::span<const std::int64_t> ids, const Decision& decision) {
  Params params;
  params.integers(ids).text(database_text(decision.by)).text(database_text(decision.reason));
  return params;
}

}  // namespace

FlagRow flag_row(const Rows& rows, std::size_t at) {
  FlagRow flag;
  flag.id = rows.integer(at, 0);
  flag.kind = std::string(rows.text(at, 1));
  flag.incarnation = incarnation_at(rows, at, 2);
  if (!rows.null(at, 3)) flag.partition = partition_at(rows, at, 3);
  flag.what = std::string(rows.text(at, 4));
  if (rows.integer(at, 5) != 0) flag.settled = {std::string(rows.text(at, 6)), "cleared"};
  return flag;
}

Result<std::vector<GapRow>> PostgresOperator::gaps(std::span<const std::int64_t> ids) {
  Result<Rows> rows =
      run("SELECT id, incarnation, partition, from_offset, to_offset, reason, opened_at_us, "
          "CASE WHEN accepted_at_us IS NULL THEN '' ELSE 'accepted' END, coalesce(accepted_by, '') "
          "FROM quota.gap WHERE id = ANY ($1) ORDER BY id FOR UPDATE",
          Params().integers(ids));
  if (!rows) return std::move(rows).error();
  std::vector<GapRow> out;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    GapRow gap;
    gap.id = rows->integer(i, 0);
    gap.incarnation = incarnation_at(*rows, i, 1);
    gap.partition = partition_at(*rows, i, 2);
    gap.from = Offset{rows->integer(i, 3)};
    gap.to = Offset{rows->integer(i, 4)};
    gap.reason = std::string(rows->text(i, 5));
    gap.opened_at_us = rows->integer(i, 6);
    gap.settled = {std::string(rows->text(i, 8)), std::string(rows->text(i, 7))};
    out.push_back(std::move(gap));
  }
  return out;
}

Status PostgresOperator::accept_gaps(std::span<const std::int64_t> ids, const Decision& decision) {
  return write("UPDATE quota.gap SET accepted_at_us = " WEIR_NOW_US
               ", accepted_by = $2, accepted_reason = $3 "
               "WHERE id = ANY ($1) AND accepted_at_us IS NULL",
               decided(ids, decision));
}

Result<std::vector<HoleRow>> PostgresOperator::holes(std::span<const std::int64_t> ids) {
  Result<Rows> rows =
      run("SELECT " WEIR_HOLE_COLUMNS " FROM quota.hole WHERE id = ANY ($1) ORDER BY id FOR UPDATE",
          Params().integers(ids));
  if (!rows) return std::move(rows).error();
  return holes_of(*rows);
}

Result<std::vector<HoleRow>> PostgresOperator::holes_round(Incarnation incarnation,
                                                           PartitionId partition, Offset end) {
  Result<Rows> rows =
      run("SELECT " WEIR_HOLE_COLUMNS
          " FROM quota.hole WHERE partition = $2 AND closed_at_us IS NULL "
          "AND accepted_at_us IS NULL AND (incarnation, found_offset) >= ($1, $3) "
          "AND (behind_offset IS NULL OR (behind_incarnation, behind_offset) < ($1, $3)) "
          "ORDER BY id FOR UPDATE",
          Params().integer(incarnation.value).integer(partition.value).integer(end.value));
  if (!rows) return std::move(rows).error();
  return holes_of(*rows);
}

Status PostgresOperator::accept_holes(std::span<const std::int64_t> ids, const Decision& decision) {
  return write("UPDATE quota.hole SET accepted_at_us = " WEIR_NOW_US
               ", accepted_by = $2, accepted_reason = $3 WHERE id = ANY ($1) "
               "AND accepted_at_us IS NULL AND closed_at_us IS NULL",
               decided(ids, decision));
}

Result<std::vector<FlagRow>> PostgresOperator::flags(std::span<const std::int64_t> ids) {
  Result<Rows> rows =
      run("SELECT id, kind, incarnation, partition, what, cleared_at_us IS NOT NULL, cleared_by "
          "FROM quota.integrity_flag WHERE id = ANY ($1) ORDER BY id FOR UPDATE",
          Params().integers(ids));
  if (!rows) return std::move(rows).error();
  std::vector<FlagRow> out;
  for (std::size_t i = 0; i < rows->size(); ++i) out.push_back(flag_row(*rows, i));
  return out;
}

Result<std::vector<FlagRow>> PostgresOperator::lineage_flags(Incarnation incarnation) {
  Result<Rows> rows =
      run("SELECT id, kind, incarnation, partition, what, false, cleared_by "
          "FROM quota.integrity_flag WHERE kind = 'lineage' AND cleared_at_us IS NULL "
          "AND incarnation <= $1 ORDER BY id FOR UPDATE",
          Params().integer(incarnation.value));
  if (!rows) return std::move(rows).error();
  std::vector<FlagRow> out;
  for (std::size_t i = 0; i < rows->size(); ++i) out.push_back(flag_row(*rows, i));
  return out;
}

Status PostgresOperator::clear_flags(std::span<const std::int64_t> ids, const Decision& decision) {
  return write("UPDATE quota.integrity_flag SET cleared_at_us = " WEIR_NOW_US
               ", cleared_by = $2, cleared_reason = $3 "
               "WHERE id = ANY ($1) AND cleared_at_us IS NULL",
               decided(ids, decision));
}

Result<std::optional<ProducerRow>> PostgresOperator::producer(const std::string& producer) {
  Result<Rows> rows =
      run("SELECT epoch, sealed_until_us, coalesce(ended_by, '') FROM quota.producer "
          "WHERE producer = $1 FOR UPDATE",
          Params().text(database_text(producer)));
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<ProducerRow>();
  ProducerRow row;
  row.producer = producer;
  row.epoch = rows->integer(0, 0);
  if (!rows->null(0, 1)) row.sealed_until_us = rows->integer(0, 1);
  const std::string by(rows->text(0, 2));
  if (by == "seal") row.settled = {"its own END", "ended"};
  if (!by.empty() && by != "seal") row.settled = {by, "retired"};
  return std::optional<ProducerRow>(std::move(row));
}

Result<std::vector<ContiguousNumber>> PostgresOperator::numbers(const std::string& producer) {
  Result<Rows> rows =
      run("SELECT epoch, partition, contiguous FROM quota.v2_numbers WHERE producer = $1 "
          "ORDER BY epoch, partition",
          Params().text(producer));
  if (!rows) return std::move(rows).error();
  std::vector<ContiguousNumber> out;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    out.push_back({rows->integer(i, 0), partition_at(*rows, i, 1), rows->integer(i, 2)});
  }
  return out;
}

Status PostgresOperator::end_producer(const std::string& producer,
                                      const std::vector<EpochNumbers>& final,
                                      const Decision& decision) {
  return write(
      "UPDATE quota.producer SET ended_by = $2, ended_reason = $3, ended_at_us = " WEIR_NOW_US
      ", end_numbers = $4 WHERE producer = $1 AND ended_by IS NULL",
      Params()
          .text(producer)
          .text(database_text(decision.by))
          .text(database_text(decision.reason))
          .text(write_numbers(final)));
}

}  // namespace weir
