#include "analytics/segment_writer.h"

#include "analytics/segment_columns.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "base/volume/durable_file.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

namespace weir {
namespace {

/// Event and append times of the rows that count, as the metadata of all three files.
DataFile describe(const CommitBatch& batch, std::span<const std::uint32_t> rows) {
  DataFile file;
  file.events = static_cast<std::int64_t>(rows.size());
  file.event_min_us = file.event_max_us = batch.rows.time[rows[0]].value;
  file.append_min_us = file.append_max_us = batch.append_time[rows[0]].value;
  for (std::uint32_t row : rows) {
    file.event_min_us = std::min(file.event_min_us, batch.rows.time[row].value);
    file.event_max_us = std::max(file.event_max_us, batch.rows.time[row].value);
    file.append_min_us = std::min(file.append_min_us, batch.append_time[row].value);
    file.append_max_us = std::max(file.append_max_us, batch.append_time[row].value);
  }
  return file;
}

}  // namespace

struct SegmentWriter::State {
  AnalyticsVolume volume;
  FileOwner* owner;
  DuckDb database;
  DuckConnection connection;
  Rollup rollup;
  SegmentColumns segment_columns;
  RollupColumns rollup_columns;
  std::vector<std::uint32_t> rows;      // of the batch, that count
  std::vector<std::uint32_t> all_rows;  // 0, 1, 2, … of a rollup file
  std::vector<std::int64_t> rows_by_range;

  std::span<const std::uint32_t> first_rows(std::size_t count) {
    std::size_t have = all_rows.size();
    if (have < count) {
      all_rows.resize(count);
      std::iota(all_rows.begin() + have, all_rows.end(), static_cast<std::uint32_t>(have));
    }
    return std::span(all_rows).first(count);
  }

  Result<DataFile> write_file(DataFile file, FileKind kind,
                              const std::vector<ParquetColumn>& columns,
                              std::span<const std::uint32_t> picked, Deadline deadline) {
    file.kind = kind;
    file.name = owner->new_name(kind);
    file.rows = static_cast<std::int64_t>(picked.size());
    std::string path = volume.path(file);
    Status written = write_parquet(connection, path + ".tmp", columns, picked, deadline);
    WEIR_CRASH_POINT("segment.before_rename");
    if (written) written = publish_file(path + ".tmp", path);
    WEIR_CRASH_POINT("segment.after_rename");
    if (!written) {
      static_cast<void>(remove_file_durably(path + ".tmp"));  // else an orphan at the next start
      return written.error();
    }
    std::error_code fault;
    file.bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, fault));
    if (fault) return Error{ErrorCode::unavailable, path + ": " + fault.message(), ""};
    return file;
  }

  void count_ranges(const CommitBatch& batch) {
    rows_by_range.assign(batch.ranges.size(), 0);
    for (std::uint32_t row : rows) ++rows_by_range[batch.range_of[row]];
  }

  Status write_all(const CommitBatch& batch, Deadline deadline, std::vector<DataFile>& files) {
    DataFile file = describe(batch, rows);
    auto add = [&](FileKind kind, const std::vector<ParquetColumn>& columns,
                   std::span<const std::uint32_t> picked) -> Status {
      Result<DataFile> written = write_file(file, kind, columns, picked, deadline);
      if (!written) return written.error();
      files.push_back(std::move(*written));
      return {};
    };
    WEIR_TRY(add(FileKind::segment, segment_columns.of(batch), rows));
    rollup.clear();
    rollup.add(batch.rows, rows);
    file.overflow_events = rollup.overflow_events();
    WEIR_TRY(add(FileKind::rollup, rollup_columns.counts(batch.rows, rollup),
                 first_rows(rollup.groups())));
    if (rollup.histogram_group().empty()) return {};
    return add(FileKind::histogram, rollup_columns.histogram(batch.rows, rollup),
               first_rows(rollup.histogram_group().size()));
  }
};

SegmentWriter::SegmentWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentWriter::SegmentWriter(SegmentWriter&&) noexcept = default;
SegmentWriter& SegmentWriter::operator=(SegmentWriter&&) noexcept = default;
SegmentWriter::~SegmentWriter() = default;

Result<SegmentWriter> SegmentWriter::open(const AnalyticsVolume& volume, FileOwner& owner,
                                          SegmentWriterOptions options) {
  DuckOptions duck;
  duck.memory_bytes_max = options.memory_bytes_max;
  Result<DuckDb> database = DuckDb::open(duck);
  if (!database) return database.error();
  Result<DuckConnection> connection = database->connect();
  if (!connection) return connection.error();
  return SegmentWriter(std::make_unique<State>(
      State{volume,
            &owner,
            std::move(*database),
            std::move(*connection),
            Rollup(options.rollup_groups_max, options.rollup_tenant_groups_max),
            {},
            {},
            {},
            {},
            {}}));
}

Result<std::vector<DataFile>> SegmentWriter::write(const CommitBatch& batch, Deadline deadline) {
  select_rows(batch, state_->rows);
  state_->count_ranges(batch);
  std::vector<DataFile> files;
  if (state_->rows.empty()) return files;
  Status written = state_->write_all(batch, deadline, files);
  if (written) return files;
  discard(files);
  return written.error().within("analytics volume");
}

void SegmentWriter::discard(const std::vector<DataFile>& files) {
  for (const DataFile& file : files) {
    Status removed = remove_file_durably(state_->volume.path(file));
    if (!removed)
      log_warn("a file stays behind until the next start", {{"why", removed.error().text()}});
  }
}

const std::vector<std::int64_t>& SegmentWriter::rows_by_range() const {
  return state_->rows_by_range;
}

}  // namespace weir
