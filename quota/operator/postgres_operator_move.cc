// Of the operator's transaction: a move to another topic (R2).
#include "quota/operator/postgres_operator.h"
#include "quota/postgres_sql.h"
#include "quota/postgres_store.h"

#include <algorithm>

namespace weir {
namespace {

Result<std::vector<EpochNumbers>> stored(std::string_view json) {
  Result<std::vector<EpochNumbers>> numbers = read_numbers(json);
  if (numbers) return numbers;
  return Error{ErrorCode::integrity, "quota.producer: " + numbers.error().what,
               "restore the quota database"};
}

Result<ProducerFinals> finals_at(const Rows& rows, std::size_t at) {
  ProducerFinals row;
  row.producer = std::string(rows.text(at, 0));
  row.epoch = rows.integer(at, 1);
  if (!rows.null(at, 2)) row.sealed_until_us = rows.integer(at, 2);
  Result<std::vector<EpochNumbers>> finals = stored(rows.text(at, 3));
  if (!finals) return std::move(finals).error();
  row.finals = *std::move(finals);
  if (rows.null(at, 4)) return row;
  Result<std::vector<EpochNumbers>> end = stored(rows.text(at, 4));
  if (!end) return std::move(end).error();
  row.end = *std::move(end);
  return row;
}

}  // namespace

Result<std::optional<MoveRow>> PostgresOperator::open_move() {
  Result<Rows> rows =
      run("SELECT id, incarnation, former_topic, topic, declared_at_us, declared_by, reason "
          "FROM quota.move WHERE settled IS NULL FOR UPDATE");
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<MoveRow>();
  MoveRow move;
  move.id = rows->integer(0, 0);
  move.incarnation = Incarnation{static_cast<std::int32_t>(rows->integer(0, 1))};
  move.former_topic = std::string(rows->text(0, 2));
  move.topic = std::string(rows->text(0, 3));
  move.declared_at_us = rows->integer(0, 4);
  move.declared_by = std::string(rows->text(0, 5));
  move.reason = std::string(rows->text(0, 6));
  rows = run("SELECT unnest(starts) FROM quota.move WHERE id = $1", Params().integer(move.id));
  if (!rows) return std::move(rows).error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    move.starts.push_back(Offset{rows->integer(i, 0)});
  }
  return std::optional(std::move(move));
}

Result<std::int64_t> PostgresOperator::declare_move(const NewMove& move, const Decision& decision) {
  std::vector<std::int64_t> starts;
  for (const Offset start : move.starts) starts.push_back(start.value);
  Result<Rows> rows =
      run("INSERT INTO quota.move (incarnation, former_topic, topic, starts, declared_at_us, "
          "declared_by, reason) VALUES ($1, $2, $3, $4, " WEIR_NOW_US ", $5, $6) RETURNING id",
          Params()
              .integer(move.incarnation.value)
              .text(move.former_topic)
              .text(move.topic)
              .integers(starts)
              .text(database_text(decision.by))
              .text(database_text(decision.reason)));
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0);
}

Status PostgresOperator::settle_move(std::int64_t id, const std::string& how,
                                     const Decision& decision) {
  return write("UPDATE quota.move SET settled = $2, settled_at_us = " WEIR_NOW_US
               ", settled_by = $3, settled_reason = $4 WHERE id = $1 AND settled IS NULL",
               Params()
                   .integer(id)
                   .text(how)
                   .text(database_text(decision.by))
                   .text(database_text(decision.reason)));
}

Result<std::vector<ProducerFinals>> PostgresOperator::all_finals() {
  Result<Rows> rows =
      run("SELECT producer, epoch, sealed_until_us, final_numbers, end_numbers "
          "FROM quota.producer ORDER BY producer");
  if (!rows) return std::move(rows).error();
  std::vector<ProducerFinals> out;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    Result<ProducerFinals> row = finals_at(*rows, i);
    if (!row) return std::move(row).error();
    out.push_back(*std::move(row));
  }
  rows =
      run("SELECT producer, epoch, partition, contiguous FROM quota.v2_numbers "
          "ORDER BY producer, epoch, partition");
  if (!rows) return std::move(rows).error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto of = std::ranges::find(out, rows->text(i, 0), &ProducerFinals::producer);
    if (of == out.end()) continue;
    of->numbers.push_back({rows->integer(i, 1),
                           PartitionId{static_cast<std::int32_t>(rows->integer(i, 2))},
                           rows->integer(i, 3)});
  }
  return out;
}

Result<std::int64_t> PostgresOperator::open_redrives() {
  Result<Rows> rows = run("SELECT count(*) FROM quota.redrive WHERE state = 'open'");
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0);
}

Status PostgresOperator::add_inherited(Incarnation incarnation, const Inherited& inherited) {
  WEIR_TRY(write("DELETE FROM quota.generation WHERE incarnation < $1",
                 Params().integer(incarnation.value)));
  Integers ranges(3);
  for (std::size_t p = 0; p < inherited.ranges.size(); ++p) {
    const InheritedRange& range = inherited.ranges[p];
    ranges.add({static_cast<std::int64_t>(p), range.from.value, range.to.value});
  }
  Params params;
  params.integer(incarnation.value);
  ranges.put(params);
  return write(
      "INSERT INTO quota.inherited (incarnation, partition, from_offset, to_offset) "
      "SELECT $1::int, d.partition::int, d.from_offset, d.to_offset "
      "FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) "
      "AS d (partition, from_offset, to_offset)",
      params);
}

}  // namespace weir
