#include "analytics/catalogue.h"

#include <limits>

namespace weir {
namespace {

constexpr const char* kFileColumns =
    "SELECT id, kind, name, rows, events, bytes, event_min_us, event_max_us, append_min_us,"
    " append_max_us, overflow_events, level FROM file ";

DataFile file_of(const SqliteStatement& row) {
  DataFile file;
  file.id = row.integer(0);
  file.kind = static_cast<FileKind>(row.integer(1));
  file.name = row.text(2);
  file.rows = row.integer(3);
  file.events = row.integer(4);
  file.bytes = row.integer(5);
  file.event_min_us = row.integer(6);
  file.event_max_us = row.integer(7);
  file.append_min_us = row.integer(8);
  file.append_max_us = row.integer(9);
  file.overflow_events = row.integer(10);
  file.level = static_cast<std::int32_t>(row.integer(11));
  return file;
}

Result<std::vector<DataFile>> files_of(Result<SqliteStatement> rows,
                                       std::initializer_list<std::int64_t> parameters) {
  if (!rows) return rows.error();
  int index = 0;
  for (std::int64_t parameter : parameters) rows->bind(++index, parameter);
  std::vector<DataFile> files;
  while (true) {
    Result<bool> row = rows->step();
    if (!row) return row.error();
    if (!*row) return files;
    files.push_back(file_of(*rows));
  }
}

}  // namespace

Result<std::int64_t> Catalogue::add_file(const DataFile& file, WallTime now) {
  Result<SqliteStatement> write = database_.prepare(
      "INSERT INTO file (kind, name, state, rows, events, bytes, event_min_us, event_max_us,"
      " append_min_us, append_max_us, overflow_events, level, created_at_us)"
      " VALUES (?1, ?2, 'live', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
  if (!write) return write.error();
  write->bind(1, static_cast<std::int64_t>(file.kind));
  write->bind(2, std::string_view(file.name));
  std::int64_t numbers[] = {file.rows,          file.events,          file.bytes,
                            file.event_min_us,  file.event_max_us,    file.append_min_us,
                            file.append_max_us, file.overflow_events, file.level,
                            now.value};
  for (int i = 0; i < 10; ++i) write->bind(3 + i, numbers[i]);
  WEIR_TRY(write->run());
  return database_.last_insert_id();
}

Status Catalogue::add_range(std::int64_t file_id, const OffsetRange& range) {
  Result<SqliteStatement> write =
      database_.prepare("INSERT INTO offset_range VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  if (!write) return write.error();
  write->bind(1, range.incarnation);
  write->bind(2, range.partition);
  write->bind(3, range.from);
  write->bind(4, range.to);
  write->bind(5, file_id);
  write->bind(6, range.rows);
  return write->run();
}

Result<std::vector<OffsetRange>> Catalogue::ranges_of(std::int64_t file_id) {
  Result<SqliteStatement> rows = database_.prepare(
      "SELECT incarnation, partition, from_offset, to_offset, rows FROM offset_range"
      " WHERE file_id = ?1 ORDER BY 1, 2, 3");
  if (!rows) return rows.error();
  rows->bind(1, file_id);
  std::vector<OffsetRange> ranges;
  while (true) {
    Result<bool> row = rows->step();
    if (!row) return row.error();
    if (!*row) return ranges;
    ranges.push_back({static_cast<std::int32_t>(rows->integer(0)),
                      static_cast<std::int32_t>(rows->integer(1)), rows->integer(2),
                      rows->integer(3), rows->integer(4)});
  }
}

Status Catalogue::drop_ranges_of(std::int64_t file_id) {
  Result<SqliteStatement> write = database_.prepare("DELETE FROM offset_range WHERE file_id = ?1");
  if (!write) return write.error();
  write->bind(1, file_id);
  return write->run();
}

Result<bool> Catalogue::names(const std::string& file_name) {
  Result<SqliteStatement> rows = database_.prepare("SELECT 1 FROM file WHERE name = ?1");
  if (!rows) return rows.error();
  rows->bind(1, std::string_view(file_name));
  return rows->step();
}

Result<std::vector<DataFile>> Catalogue::live_files(FileKind kind, std::int64_t from_us,
                                                    std::int64_t to_us) {
  return files_of(database_.prepare(std::string(kFileColumns) +
                                    "WHERE state = 'live' AND kind = ?1 AND event_min_us < ?3"
                                    " AND event_max_us >= ?2 ORDER BY event_min_us, id"),
                  {static_cast<std::int64_t>(kind), from_us, to_us});
}

Result<std::vector<DataFile>> Catalogue::live_files(FileKind kind) {
  return live_files(kind, std::numeric_limits<std::int64_t>::min(),
                    std::numeric_limits<std::int64_t>::max());
}

Result<bool> Catalogue::retire_file(std::int64_t id, const std::string& state,
                                    WallTime remove_after) {
  Result<SqliteStatement> write = database_.prepare(
      "UPDATE file SET state = ?2, remove_after_us = ?3 WHERE id = ?1 AND state = 'live'");
  if (!write) return write.error();
  write->bind(1, id);
  write->bind(2, std::string_view(state));
  write->bind(3, remove_after.value);
  WEIR_TRY(write->run());
  return database_.changes() == 1;
}

Result<std::vector<DataFile>> Catalogue::removable_files(WallTime now) {
  return files_of(database_.prepare(std::string(kFileColumns) +
                                    "WHERE state <> 'live' AND remove_after_us <= ?1 ORDER BY id"),
                  {now.value});
}

Result<Retired> Catalogue::retired() {
  Result<SqliteStatement> row =
      database_.prepare("SELECT count(*), coalesce(sum(bytes), 0) FROM file WHERE state <> 'live'");
  if (!row) return row.error();
  Result<bool> there = row->step();
  if (!there) return there.error();
  return Retired{row->integer(0), row->integer(1)};
}

Status Catalogue::forget_file(std::int64_t id) {
  Result<SqliteStatement> write =
      database_.prepare("DELETE FROM file WHERE id = ?1 AND state <> 'live'");
  if (!write) return write.error();
  write->bind(1, id);
  return write->run();
}

Status Catalogue::add_expiry(const Expiry& expiry, WallTime now) {
  Result<SqliteStatement> write = database_.prepare(
      "INSERT INTO expiry (kind, files, events, bytes, event_min_us, event_max_us, append_max_us,"
      " reason, at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
  if (!write) return write.error();
  write->bind(1, static_cast<std::int64_t>(expiry.kind));
  std::int64_t numbers[] = {expiry.files,        expiry.events,       expiry.bytes,
                            expiry.event_min_us, expiry.event_max_us, expiry.append_max_us};
  for (int i = 0; i < 6; ++i) write->bind(2 + i, numbers[i]);
  write->bind(8, std::string_view(expiry.reason));
  write->bind(9, now.value);
  return write->run();
}

Result<std::int64_t> Catalogue::expired_events(FileKind kind, std::int64_t from_us,
                                               std::int64_t to_us) {
  Result<SqliteStatement> rows = database_.prepare(
      "SELECT coalesce(sum(events), 0) FROM expiry WHERE kind = ?1 AND event_min_us < ?3"
      " AND event_max_us >= ?2");
  if (!rows) return rows.error();
  rows->bind(1, static_cast<std::int64_t>(kind));
  rows->bind(2, from_us);
  rows->bind(3, to_us);
  Result<bool> row = rows->step();
  if (!row) return row.error();
  return rows->integer(0);
}

}  // namespace weir
