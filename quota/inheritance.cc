#include "quota/inheritance.h"

#include "storage/postgres/connection.h"

namespace weir {
namespace {

Result<std::vector<InheritedRange>> read_ranges(Connection& connection, Incarnation incarnation,
                                                Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT from_offset, to_offset FROM quota.inherited WHERE incarnation = $1 "
      "ORDER BY partition",
      Params().integer(incarnation.value), deadline);
  if (!rows) return std::move(rows).error();
  std::vector<InheritedRange> ranges;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    ranges.push_back({Offset{rows->integer(i, 0)}, Offset{rows->integer(i, 1)}});
  }
  return ranges;
}

Result<std::vector<Offset>> read_starts(Connection& connection, Incarnation incarnation,
                                        Deadline deadline) {
  Result<Rows> rows =
      connection.run("SELECT unnest(starts) FROM quota.incarnation WHERE incarnation = $1",
                     Params().integer(incarnation.value), deadline);
  if (!rows) return std::move(rows).error();
  std::vector<Offset> starts;
  for (std::size_t i = 0; i < rows->size(); ++i) starts.push_back(Offset{rows->integer(i, 0)});
  return starts;
}

}  // namespace

std::int64_t Inherited::length() const {
  std::int64_t sum = 0;
  for (const InheritedRange& range : ranges) sum += range.length();
  return sum;
}

std::int64_t Inherited::place(PartitionId former, Offset offset, Offset start) const {
  std::int64_t behind = 0;
  for (std::size_t p = static_cast<std::size_t>(former.value); p < ranges.size(); ++p) {
    behind += ranges[p].length();
  }
  return start.value - behind + (offset - ranges[static_cast<std::size_t>(former.value)].from);
}

Result<std::optional<Inheritance>> read_inheritance(Connection& connection, Incarnation incarnation,
                                                    Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT former_topic, inherited_until_us FROM quota.incarnation "
      "WHERE incarnation = $1 AND why = 'moved'",
      Params().integer(incarnation.value), deadline);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<Inheritance>();
  Inheritance out;
  out.former = Incarnation{incarnation.value - 1};
  out.inherited.topic = std::string(rows->text(0, 0));
  if (!rows->null(0, 1)) out.inherited.newest = AppendTime{rows->integer(0, 1)};
  Result<std::vector<Offset>> starts = read_starts(connection, incarnation, deadline);
  if (!starts) return std::move(starts).error();
  out.starts = *std::move(starts);
  Result<std::vector<InheritedRange>> ranges = read_ranges(connection, incarnation, deadline);
  if (!ranges) return std::move(ranges).error();
  out.inherited.ranges = *std::move(ranges);
  return std::optional(std::move(out));
}

Status shorten_inheritance(Connection& connection, Incarnation incarnation, PartitionId partition,
                           AppendTime unheld_until, Deadline deadline) {
  WEIR_TRY(connection.run(
      "UPDATE quota.progress SET unheld_until_us = $3 WHERE incarnation = $1 "
      "AND partition = $2 AND coalesce(unheld_until_us < $3, true)",
      Params().integer(incarnation.value).integer(partition.value).integer(unheld_until.value),
      deadline));
  return Status();
}

}  // namespace weir
