#include "analytics/catalogue.h"
#include "analytics/catalogue_schema.h"

#include <algorithm>

namespace weir {
namespace {

template <class T>
void bind_optional(SqliteStatement& statement, int index, const std::optional<T>& value) {
  if (value) {
    statement.bind(index, value->value);
  } else {
    statement.bind_null(index);
  }
}

Generation generation_of(const SqliteStatement& row) {
  Generation g;
  g.incarnation = static_cast<std::int32_t>(row.integer(0));
  g.partition = static_cast<std::int32_t>(row.integer(1));
  g.from_offset = row.integer(2);
  g.to_offset = row.integer(3);
  g.append_min = AppendTime(row.integer(4));
  g.append_max = AppendTime(row.integer(5));
  g.identities = row.integer(6);
  g.digest = row.text(7);
  g.volume_id = row.text(8);
  return g;
}

Status read_generations(SqliteDatabase& database, PartitionState& state) {
  // Those of older incarnations count too: the index of this one contains them (R1).
  Result<SqliteStatement> rows = database.prepare(
      "SELECT incarnation, partition, from_offset, to_offset, append_min_us, append_max_us,"
      " identities, digest, volume_id FROM generation WHERE incarnation <= ?1 AND partition = ?2"
      " ORDER BY incarnation, from_offset");
  if (!rows) return rows.error();
  rows->bind(1, state.incarnation.value);
  rows->bind(2, state.partition.value);
  while (true) {
    Result<bool> row = rows->step();
    if (!row) return row.error();
    if (!*row) return {};
    state.generations.push_back(generation_of(*rows));
  }
}

/// Ascending; a record kept whole stands as row kWholeRecord.
Status read_quarantined(SqliteDatabase& database, PartitionState& state) {
  Result<SqliteStatement> rows = database.prepare(
      "SELECT incarnation, stream_offset, CASE WHEN whole THEN 4294967295 ELSE record_row END"
      " FROM quarantine WHERE incarnation <= ?1 AND partition = ?2 ORDER BY 1, 2, 3");
  static_assert(kWholeRecord == 4294967295);
  if (!rows) return rows.error();
  rows->bind(1, state.incarnation.value);
  rows->bind(2, state.partition.value);
  while (true) {
    Result<bool> row = rows->step();
    if (!row) return row.error();
    if (!*row) return {};
    state.quarantined.push_back(Address{Incarnation(static_cast<std::int32_t>(rows->integer(0))),
                                        Offset(rows->integer(1)),
                                        static_cast<std::uint32_t>(rows->integer(2))});
  }
}

}  // namespace

Result<Catalogue> Catalogue::open(const std::string& path, SqliteMode mode) {
  Result<SqliteDatabase> database = SqliteDatabase::open(path, mode, std::chrono::seconds(5));
  if (!database) return database.error();
  Status schema = mode == SqliteMode::read_write
                      ? migrate(*database, catalogue_migrations())
                      : check_migrated(*database, catalogue_migrations());
  if (!schema) return schema.error();
  return Catalogue(std::move(*database));
}

Result<SqliteTransaction> Catalogue::begin(Deadline deadline) {
  database_.set_busy_timeout(std::max(deadline.left(), Micros(std::chrono::milliseconds(1))));
  return SqliteTransaction::begin(database_);
}

Result<std::optional<StreamIdentity>> Catalogue::stream() {
  Result<SqliteStatement> rows =
      database_.prepare("SELECT incarnation, partitions, grace_us FROM deployment");
  if (!rows) return rows.error();
  Result<bool> row = rows->step();
  if (!row) return row.error();
  if (!*row) return std::optional<StreamIdentity>();
  return std::optional(StreamIdentity{Incarnation(static_cast<std::int32_t>(rows->integer(0))),
                                      static_cast<std::int32_t>(rows->integer(1)),
                                      Micros(rows->integer(2))});
}

Status Catalogue::set_stream(const StreamIdentity& stream) {
  Result<SqliteStatement> write =
      database_.prepare("INSERT OR REPLACE INTO deployment VALUES (1, ?1, ?2, ?3)");
  if (!write) return write.error();
  write->bind(1, stream.incarnation.value);
  write->bind(2, stream.partitions);
  write->bind(3, stream.grace.count());
  return write->run();
}

Result<std::optional<PartitionState>> Catalogue::partition(Incarnation incarnation,
                                                           PartitionId partition) {
  Result<SqliteStatement> rows = database_.prepare(
      "SELECT next, anchor_offset, anchor_digest, anchor_append_us FROM progress"
      " WHERE incarnation = ?1 AND partition = ?2");
  if (!rows) return rows.error();
  rows->bind(1, incarnation.value);
  rows->bind(2, partition.value);
  Result<bool> row = rows->step();
  if (!row) return row.error();
  if (!*row) return std::optional<PartitionState>();
  PartitionState state;
  state.partition = partition;
  state.incarnation = incarnation;
  state.next = Offset(rows->integer(0));
  if (!rows->is_null(1)) {
    state.anchor =
        Anchor{Offset(rows->integer(1)), std::string(rows->text(2)), AppendTime(rows->integer(3))};
  }
  WEIR_TRY(read_generations(database_, state));
  WEIR_TRY(read_quarantined(database_, state));
  return std::optional(std::move(state));
}

Status Catalogue::insert_partition(Incarnation incarnation, PartitionId partition) {
  Result<SqliteStatement> write = database_.prepare(
      "INSERT OR IGNORE INTO progress (incarnation, partition, next) VALUES (?1, ?2, 0)");
  if (!write) return write.error();
  write->bind(1, incarnation.value);
  write->bind(2, partition.value);
  return write->run();
}

Result<std::optional<Offset>> Catalogue::next(Incarnation incarnation, PartitionId partition) {
  Result<SqliteStatement> rows =
      database_.prepare("SELECT next FROM progress WHERE incarnation = ?1 AND partition = ?2");
  if (!rows) return rows.error();
  rows->bind(1, incarnation.value);
  rows->bind(2, partition.value);
  Result<bool> row = rows->step();
  if (!row) return row.error();
  if (!*row) return std::optional<Offset>();
  return std::optional(Offset(rows->integer(0)));
}

Result<bool> Catalogue::advance(Incarnation incarnation, const Range& range, WallTime now) {
  Result<SqliteStatement> write = database_.prepare(
      "UPDATE progress SET next = ?4,"
      " anchor_offset = coalesce(?5, anchor_offset), anchor_digest = coalesce(?6, anchor_digest),"
      " anchor_append_us = coalesce(?7, anchor_append_us),"
      " caught_up_us = max(coalesce(?8, caught_up_us), coalesce(caught_up_us, ?8)),"
      " newest_append_us = coalesce(?9, newest_append_us), horizon_from_us = ?10,"
      " applied_at_us = ?11, received = received + ?12, applied = applied + ?13,"
      " duplicate = duplicate + ?14, quarantined = quarantined + ?15, unprovable = unprovable + ?16"
      " WHERE incarnation = ?1 AND partition = ?2 AND next = ?3");
  if (!write) return write.error();
  write->bind(1, incarnation.value);
  write->bind(2, range.partition.value);
  write->bind(3, range.from.value);
  write->bind(4, range.to.value);
  if (range.anchor) {
    write->bind(5, range.anchor->offset.value);
    write->bind(6, std::string_view(range.anchor->digest));
    write->bind(7, range.anchor->append_time.value);
  }
  bind_optional(*write, 8, range.caught_up_at);
  bind_optional(*write, 9, range.newest_append);
  write->bind(10, range.horizon_from.value);
  write->bind(11, now.value);
  write->bind(12, range.counts.received);
  write->bind(13, range.counts.applied);
  write->bind(14, range.counts.duplicate);
  write->bind(15, range.counts.quarantined);
  write->bind(16, range.counts.unprovable);
  WEIR_TRY(write->run());
  return database_.changes() == 1;
}

Status Catalogue::add_generation(const Generation& g) {
  Result<SqliteStatement> write = database_.prepare(
      "INSERT OR REPLACE INTO generation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
  if (!write) return write.error();
  write->bind(1, g.incarnation);
  write->bind(2, g.partition);
  write->bind(3, g.from_offset);
  write->bind(4, g.to_offset);
  write->bind(5, g.append_min.value);
  write->bind(6, g.append_max.value);
  write->bind(7, g.identities);
  write->bind(8, std::string_view(g.digest));
  write->bind(9, std::string_view(g.volume_id));
  return write->run();
}

Status Catalogue::drop_generation(const Generation& g) {
  Result<SqliteStatement> write = database_.prepare(
      "DELETE FROM generation WHERE incarnation = ?1 AND partition = ?2 AND from_offset = ?3"
      " AND to_offset = ?4 AND digest = ?5");
  if (!write) return write.error();
  write->bind(1, g.incarnation);
  write->bind(2, g.partition);
  write->bind(3, g.from_offset);
  write->bind(4, g.to_offset);
  write->bind(5, std::string_view(g.digest));
  return write->run();
}

}  // namespace weir
