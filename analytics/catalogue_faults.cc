// What went wrong with the stream, and how fresh what went right is.
#include "analytics/catalogue.h"

namespace weir {

Status Catalogue::add_quarantined(const std::string& topic, Incarnation incarnation,
                                  const Quarantined& one, WallTime now) {
  Result<SqliteStatement> write = database_.prepare(
      "INSERT OR IGNORE INTO quarantine (topic, incarnation, partition, stream_offset, record_row, "
      "whole,"
      " append_us, reason, field, detail, content_type, raw, at_us)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
  if (!write) return write.error();
  write->bind(1, std::string_view(topic));
  write->bind(2, incarnation.value);
  write->bind(3, one.partition.value);
  write->bind(4, one.offset.value);
  write->bind(5, static_cast<std::int64_t>(one.row));
  write->bind(6, one.whole ? 1 : 0);
  write->bind(7, one.append_time.value);
  write->bind(8, std::string_view(one.reason));
  write->bind(9, std::string_view(one.field));
  write->bind(10, std::string_view(one.detail));
  write->bind(11, std::string_view(one.content_type));
  write->bind_blob(12, one.raw);
  write->bind(13, now.value);
  return write->run();
}

Status Catalogue::add_gap(Incarnation incarnation, const Gap& gap, WallTime now) {
  Result<SqliteStatement> write = database_.prepare(
      "INSERT INTO gap (incarnation, partition, from_offset, to_offset, reason, at_us)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  if (!write) return write.error();
  write->bind(1, incarnation.value);
  write->bind(2, gap.partition.value);
  write->bind(3, gap.from.value);
  write->bind(4, gap.to.value);
  write->bind(5, std::string_view(gap.reason));
  write->bind(6, now.value);
  return write->run();
}

Status Catalogue::add_break(PartitionId partition, const std::string& what, WallTime now) {
  Result<SqliteStatement> write = database_.prepare(
      "INSERT OR IGNORE INTO lineage_break (partition, what, at_us) VALUES (?1, ?2, ?3)");
  if (!write) return write.error();
  write->bind(1, partition.value);
  write->bind(2, std::string_view(what));
  write->bind(3, now.value);
  return write->run();
}

// Known only when every partition of the stream has been caught up with at least once.
Result<Freshness> Catalogue::freshness() {
  Result<SqliteStatement> rows = database_.prepare(
      "SELECT d.partitions, d.grace_us, count(p.caught_up_us), min(p.caught_up_us)"
      " FROM deployment d LEFT JOIN progress p ON p.incarnation = d.incarnation");
  if (!rows) return rows.error();
  Result<bool> row = rows->step();
  if (!row) return row.error();
  Freshness fresh;
  if (!*row || rows->is_null(0) || rows->integer(0) != rows->integer(2)) return fresh;
  fresh.known = true;
  fresh.caught_up_us = rows->integer(3);
  fresh.complete_through_us = fresh.caught_up_us - rows->integer(1);
  return fresh;
}

Result<RangeCounts> Catalogue::counts() {
  Result<SqliteStatement> rows = database_.prepare(
      "SELECT sum(received), sum(applied), sum(duplicate), sum(quarantined), sum(unprovable)"
      " FROM progress");
  if (!rows) return rows.error();
  Result<bool> row = rows->step();
  if (!row) return row.error();
  RangeCounts counts;
  counts.received = rows->integer(0);
  counts.applied = rows->integer(1);
  counts.duplicate = rows->integer(2);
  counts.quarantined = rows->integer(3);
  counts.unprovable = rows->integer(4);
  return counts;
}

}  // namespace weir
