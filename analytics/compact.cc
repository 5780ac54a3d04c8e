#include "analytics/compact.h"

#include "base/log.h"
#include "base/volume/durable_file.h"
#include "storage/duckdb/parquet_writer.h"

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

namespace weir {
namespace {

constexpr const char* kKey = "minute_us, tenant, api, route, method, subscription, status_class";

Deadline one_write() { return Deadline::in(std::chrono::seconds(30)); }

std::string merged_rows(FileKind kind, const std::string& files) {
  std::string key = kKey;
  switch (kind) {
    case FileKind::segment:
      return "SELECT * FROM " + files +
             " ORDER BY tenant, time_us, incarnation, stream_partition, stream_offset, record_row";
    case FileKind::rollup:
      return "SELECT " + key +
             ", sum(requests)::BIGINT AS requests, sum(units) AS units,"
             " sum(request_bytes) AS request_bytes, sum(response_bytes) AS response_bytes,"
             " sum(latency_sum_us) AS latency_sum_us,"
             " sum(latency_count)::BIGINT AS latency_count FROM " +
             files + " GROUP BY ALL ORDER BY tenant, minute_us, route";
    case FileKind::histogram:
      return "SELECT " + key + ", bucket, sum(n)::BIGINT AS n FROM " + files +
             " GROUP BY ALL ORDER BY tenant, minute_us, route, bucket";
  }
  WEIR_CHECK(!"a kind of file");
}

/// What must not change by a merge.
std::string weight(FileKind kind) {
  if (kind == FileKind::segment) return "count(*)::BIGINT";
  return kind == FileKind::rollup ? "sum(requests)::BIGINT" : "sum(n)::BIGINT";
}

/// The metadata of the merged file, but for name, rows and bytes.
DataFile describe(const std::vector<DataFile>& group) {
  DataFile merged = group.front();
  merged.events = merged.overflow_events = 0;
  for (const DataFile& file : group) {
    merged.events += file.events;
    merged.overflow_events += file.overflow_events;
    merged.event_min_us = std::min(merged.event_min_us, file.event_min_us);
    merged.event_max_us = std::max(merged.event_max_us, file.event_max_us);
    merged.append_min_us = std::min(merged.append_min_us, file.append_min_us);
    merged.append_max_us = std::max(merged.append_max_us, file.append_max_us);
    merged.level = std::max(merged.level, file.level);
  }
  ++merged.level;
  return merged;
}

/// Ranges of one partition that meet become one.
std::vector<OffsetRange> joined(std::vector<OffsetRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const OffsetRange& a, const OffsetRange& b) {
    return std::tie(a.incarnation, a.partition, a.from) <
           std::tie(b.incarnation, b.partition, b.from);
  });
  std::vector<OffsetRange> out;
  for (const OffsetRange& range : ranges) {
    bool meets = !out.empty() && out.back().incarnation == range.incarnation &&
                 out.back().partition == range.partition && out.back().to == range.from;
    if (!meets) {
      out.push_back(range);
      continue;
    }
    out.back().to = range.to;
    out.back().rows += range.rows;
  }
  return out;
}

}  // namespace

Compactor::Compactor(const AnalyticsVolume& volume, FileOwner& owner, Catalogue& catalogue,
                     CompactOptions options, Clock& clock, DuckDb database,
                     DuckConnection connection)
    : volume_(&volume),
      owner_(&owner),
      catalogue_(&catalogue),
      options_(std::move(options)),
      clock_(&clock),
      database_(std::move(database)),
      connection_(std::move(connection)) {}

Result<Compactor> Compactor::open(const AnalyticsVolume& volume, FileOwner& owner,
                                  Catalogue& catalogue, CompactOptions options, Clock& clock) {
  DuckOptions duck;
  duck.memory_bytes_max = options.memory_bytes_max;
  duck.temp_folder = volume.temp_folder();
  Result<DuckDb> database = DuckDb::open(duck);
  if (!database) return database.error();
  Result<DuckConnection> connection = database->connect();
  if (!connection) return connection.error();
  return Compactor(volume, owner, catalogue, std::move(options), clock, std::move(*database),
                   std::move(*connection));
}

Result<CompactReport> Compactor::run_once() {
  CompactReport report;
  Result<std::int64_t> orphans =
      remove_orphans(*volume_, [&](const std::string& name) { return catalogue_->names(name); });
  if (!orphans) return orphans.error();
  report.orphans = *orphans;
  WEIR_TRY(expire(report));
  WEIR_TRY(fit_budget(report));
  WEIR_TRY(fit_volume(report));
  for (FileKind kind : {FileKind::segment, FileKind::rollup, FileKind::histogram}) {
    WEIR_TRY(merge_kind(kind, report));
  }
  WEIR_TRY(remove_retired(report));
  return report;
}

Status Compactor::expire(CompactReport& report) {
  for (FileKind kind : {FileKind::segment, FileKind::rollup, FileKind::histogram}) {
    Micros kept = kind == FileKind::segment ? options_.retention : options_.rollup_retention;
    Result<std::vector<DataFile>> files = catalogue_->live_files(kind);
    if (!files) return files.error();
    for (const DataFile& file : *files) {
      if (file.append_max_us >= clock_->now().value - kept.count()) continue;
      WEIR_TRY(expire_file(file, "retention", report));
    }
  }
  return {};
}

Status Compactor::expire_file(const DataFile& file, const std::string& reason,
                              CompactReport& report) {
  Result<SqliteTransaction> transaction = catalogue_->begin(one_write());
  if (!transaction) return transaction.error();
  WallTime now = clock_->now();
  Result<bool> retired = catalogue_->retire_file(file.id, "expired", now + options_.grace.count());
  if (!retired) return retired.error();
  if (!*retired) return {};
  Expiry expiry{
      file.kind,          1,     file.events, file.bytes, file.event_min_us, file.event_max_us,
      file.append_max_us, reason};
  WEIR_TRY(catalogue_->add_expiry(expiry, now));
  WEIR_TRY(catalogue_->drop_ranges_of(file.id));
  WEIR_TRY(transaction->commit());
  ++report.files_expired;
  report.expired_bytes[reason] += file.bytes;
  log_info("a file expired", {{"file", file.name}, {"reason", reason}, {"events", file.events}});
  return {};
}

Status Compactor::fit_budget(CompactReport& report) {
  if (options_.disk_budget_bytes == 0) return {};
  std::vector<DataFile> all;
  std::int64_t bytes = 0;
  for (FileKind kind : {FileKind::segment, FileKind::rollup, FileKind::histogram}) {
    Result<std::vector<DataFile>> files = catalogue_->live_files(kind);
    if (!files) return files.error();
    for (const DataFile& file : *files) bytes += file.bytes;
    all.insert(all.end(), files->begin(), files->end());
  }
  std::sort(all.begin(), all.end(), [](const DataFile& a, const DataFile& b) {
    bool a_rows = a.kind == FileKind::segment, b_rows = b.kind == FileKind::segment;
    return std::tuple(!a_rows, a.append_max_us, a.id) < std::tuple(!b_rows, b.append_max_us, b.id);
  });
  for (const DataFile& file : all) {
    if (bytes <= options_.disk_budget_bytes) return {};
    WEIR_TRY(expire_file(file, "disk_budget", report));
    bytes -= file.bytes;
  }
  return {};
}

Status Compactor::merge_kind(FileKind kind, CompactReport& report) {
  Result<std::vector<DataFile>> files = catalogue_->live_files(kind);
  if (!files) return files.error();
  std::sort(files->begin(), files->end(),
            [](const DataFile& a, const DataFile& b) { return a.id < b.id; });
  for (const Group& group : due_merges(*files, options_, clock_->now().value)) {
    WEIR_TRY(merge(group, report));
  }
  return {};
}

Status Compactor::merge(const Group& group, CompactReport& report) {
  Result<DataFile> merged = write_merged(group);
  if (!merged) return merged.error().within("merging");
  Result<bool> replaced = replace(group, *merged);
  if (replaced && *replaced) {
    ++report.merges;
    report.files_merged += static_cast<std::int64_t>(group.size());
    return {};
  }
  // Only what is known not to count is removed; else the file is an orphan at the next start.
  Result<bool> named = catalogue_->names(merged->name);
  if (named && !*named) WEIR_TRY(remove_file_durably(volume_->path(*merged)));
  if (!replaced) return replaced.error();
  return {};
}

Result<DataFile> Compactor::write_merged(const Group& group) {
  Deadline deadline = Deadline::in(options_.merge_timeout);
  DataFile merged = describe(group);
  merged.name = owner_->new_name(merged.kind);
  std::string path = volume_->path(merged);
  std::string list;
  for (const DataFile& file : group) {
    list += (list.empty() ? "" : ", ") + sql_quote(volume_->path(file));
  }
  WEIR_TRY(connection_.execute("COPY (" + merged_rows(merged.kind, "read_parquet([" + list + "])") +
                                   ") TO " + sql_quote(path + ".tmp") + " " + parquet_options(),
                               deadline));
  Result<DuckResult> counted = connection_.query(
      "SELECT count(*)::BIGINT, " + weight(merged.kind) + ", (SELECT " + weight(merged.kind) +
          " FROM read_parquet([" + list + "])) FROM read_parquet(" + sql_quote(path + ".tmp") + ")",
      {}, deadline);
  if (!counted) return counted.error();
  if (counted->integer(0, 1) != counted->integer(0, 2)) {
    return Error{ErrorCode::integrity, path + ": the merged file holds another number of events",
                 "keep the volume and report this"};
  }
  WEIR_TRY(publish_file(path + ".tmp", path));
  merged.rows = counted->integer(0, 0);
  std::error_code fault;
  merged.bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, fault));
  if (fault) return Error{ErrorCode::unavailable, path + ": " + fault.message(), ""};
  return merged;
}

Result<bool> Compactor::replace(const Group& group, const DataFile& merged) {
  Result<SqliteTransaction> transaction = catalogue_->begin(one_write());
  if (!transaction) return transaction.error();
  WallTime now = clock_->now();
  std::vector<OffsetRange> ranges;
  for (const DataFile& file : group) {
    Result<bool> live = catalogue_->retire_file(file.id, "replaced", now + options_.grace.count());
    if (!live) return live.error();
    if (!*live) return false;  // another process was first
    Result<std::vector<OffsetRange>> held = catalogue_->ranges_of(file.id);
    if (!held) return held.error();
    ranges.insert(ranges.end(), held->begin(), held->end());
    WEIR_TRY(catalogue_->drop_ranges_of(file.id));
  }
  Result<std::int64_t> id = catalogue_->add_file(merged, now);
  if (!id) return id.error();
  for (const OffsetRange& range : joined(ranges)) WEIR_TRY(catalogue_->add_range(*id, range));
  WEIR_TRY(transaction->commit());
  return true;
}

// The file first, its row after: a crash between leaves a row whose file is gone already, and the
// next round forgets it.
Status Compactor::remove_retired(CompactReport& report) {
  Result<std::vector<DataFile>> files = catalogue_->removable_files(clock_->now());
  if (!files) return files.error();
  for (const DataFile& file : *files) {
    WEIR_TRY(remove_file_durably(volume_->path(file)));
    Result<SqliteTransaction> transaction = catalogue_->begin(one_write());
    if (!transaction) return transaction.error();
    WEIR_TRY(catalogue_->forget_file(file.id));
    WEIR_TRY(transaction->commit());
    ++report.files_removed;
  }
  return {};
}

}  // namespace weir
