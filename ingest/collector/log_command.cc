#include "ingest/collector/log_command.h"

#include "base/digest.h"
#include "base/json_writer.h"
#include "base/text_table.h"
#include "ingest/codec/json_text.h"
#include "ingest/collector/failure.h"
#include "ingest/collector/progress_bar.h"
#include "ingest/spool/log_audit.h"
#include "ingest/spool/real_disk.h"

#include <filesystem>

namespace weir {
namespace {

std::string time_text(const std::optional<AppendTime>& time) {
  return time ? format_rfc3339(time->value) : "none";
}

std::string audit_json(const LogAudit& audit) {
  JsonWriter json;
  json.begin_object().field("log", audit.id).field("whole", audit.whole());
  json.key("partitions").begin_array();
  for (const PartitionAudit& one : audit.partitions) {
    json.begin_object().field("partition", one.partition.value);
    json.field("start", one.start.value).field("end", one.end.value);
    json.field("end_is_current", one.current).field("segments", one.segments);
    json.field("records", one.records).field("bytes", one.bytes);
    if (one.oldest) json.field("oldest", time_text(one.oldest));
    if (one.newest) json.field("newest", time_text(one.newest));
    json.field("beyond_bytes", one.beyond_bytes).key("damage").begin_array();
    for (const Error& damage : one.damage) json.value(damage.what);
    json.end_array().end_object();
  }
  return json.end_array().end_object().text() + "\n";
}

std::string audit_text(const LogAudit& audit, const std::string& folder) {
  TextTable table({"partition", "records", "from", "end", "segments", "bytes", "oldest", "newest"});
  std::string notes;
  for (const PartitionAudit& one : audit.partitions) {
    const std::string partition = std::to_string(one.partition.value);
    table.add({partition, std::to_string(one.records), std::to_string(one.start.value),
               std::to_string(one.end.value), std::to_string(one.segments),
               std::to_string(one.bytes), time_text(one.oldest), time_text(one.newest)});
    if (!one.current) {
      notes +=
          "partition " + partition +
          ": no writer has opened the log since this machine started; what lies behind the end "
          "that is shown may be durable, too\n";
    }
    if (one.beyond_bytes > 0) {
      notes += "partition " + partition + ": " + std::to_string(one.beyond_bytes) +
               " bytes behind the end: being written now, or torn, and cut off at the next start\n";
    }
    for (const Error& damage : one.damage) notes += "DAMAGED " + damage.what + "\n";
  }
  return "log " + audit.id + " in " + folder + "\n\n" + table.text() + "\n" + notes +
         (audit.whole() ? "every record below the end is whole\n" : "");
}

std::int64_t bytes_under(const std::string& folder) {
  std::int64_t bytes = 0;
  std::error_code failed;
  for (std::filesystem::recursive_directory_iterator at(folder, failed), end; at != end && !failed;
       at.increment(failed)) {
    std::error_code gone;
    if (at->is_regular_file(gone)) bytes += static_cast<std::int64_t>(at->file_size(gone));
  }
  return bytes;
}

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t character = json::utf8_character(bytes);
    if (character == 0) return false;
    bytes.remove_prefix(character);
  }
  return true;
}

void write_bytes(JsonWriter& json, const std::string& name, std::string_view bytes) {
  if (is_text(bytes)) {
    json.field(name, bytes);
  } else {
    json.field(name + "_hex",
               to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
  }
}

std::string record_json(const StreamRecord& record) {
  JsonWriter json;
  json.begin_object().field("partition", record.partition.value);
  json.field("offset", record.offset.value);
  json.field("append_time", format_rfc3339(record.append_time.value));
  json.field("content_type", record.content_type);
  if (!record.key.empty()) write_bytes(json, "key", record.key);
  if (record.origin.numbered()) json.field("origin", write_origin(record.origin));
  if (record.origin.redrive > 0) json.field("redrive", record.origin.redrive);
  json.field("bytes", static_cast<std::int64_t>(record.value.size()));
  write_bytes(json, "value", record.value);
  return json.end_object().text() + "\n";
}

}  // namespace

ExitCode verify_log(const LogArguments& arguments) {
  RealDisk disk;
  ProgressBar bar(arguments.folder, bytes_under(arguments.folder));
  const Result<LogAudit> audit =
      audit_log(disk, arguments.folder, [&](std::int64_t bytes) { bar.show(bytes); });
  bar.end();
  if (!audit) return fail(audit.error());
  const std::string text =
      arguments.json ? audit_json(*audit) : audit_text(*audit, arguments.folder);
  std::fputs(text.c_str(), stdout);
  if (audit->whole()) return ExitCode::done;
  for (const PartitionAudit& one : audit->partitions) {
    if (!one.damage.empty()) return fail(one.damage.front());
  }
  return ExitCode::done;
}

ExitCode dump_log(const LogArguments& arguments) {
  if (arguments.count < 1 || arguments.from < 0 || arguments.partition < 0 ||
      arguments.partition > INT32_MAX) {
    return fail({ErrorCode::invalid, "--count is 1 or more, --from and --partition 0 or more", ""},
                ExitCode::usage);
  }
  RealDisk disk;
  std::int64_t left = arguments.count;
  const auto print = [&](const StreamRecord& record) {
    return std::fputs(record_json(record).c_str(), stdout) >= 0 && --left > 0;
  };
  const PartitionId partition{static_cast<std::int32_t>(arguments.partition)};
  const Status walked = walk_log(disk, arguments.folder, partition, Offset{arguments.from}, print);
  std::fflush(stdout);
  if (!walked) return fail(walked.error());
  return ExitCode::done;
}

}  // namespace weir
