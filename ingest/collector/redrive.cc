#include "ingest/collector/redrive.h"

#include "base/digest.h"
#include "base/volume/durable_file.h"
#include "ingest/codec/codec.h"
#include "ingest/codec/redrive_line.h"
#include "ingest/collector/failure.h"
#include "ingest/collector/one_off.h"

#include <fmt/format.h>
#include <sstream>
#include <vector>

namespace weir {
namespace {

constexpr std::size_t kFileBytesMax = 256u << 20;

Result<std::vector<RedriveLine>> read_lines(const std::string& path, const std::string& text) {
  std::vector<RedriveLine> lines;
  std::istringstream in(text);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    Result<RedriveLine> read = read_redrive_line(line);
    if (!read) return read.error().within(fmt::format("{}:{}", path, number));
    lines.push_back(*std::move(read));
  }
  return lines;
}

Status check(const std::vector<RedriveLine>& lines, std::int32_t partitions) {
  for (const RedriveLine& line : lines) {
    if (line.partition < partitions) continue;
    return Error{ErrorCode::invalid,
                 fmt::format("child {}: there is no partition {}", line.child, line.partition), ""};
  }
  return {};
}

Status append_all(Producer& producer, const std::vector<RedriveLine>& lines, Deadline deadline) {
  std::vector<OutRecord> records;
  for (const RedriveLine& line : lines) {
    Origin origin;
    origin.redrive = line.child;
    records.push_back({PartitionId{line.partition}, kJson, line.event, origin});
  }
  Result<std::vector<Appended>> appended = producer.append(records, deadline);
  return appended ? Status{} : Status{appended.error()};
}

}  // namespace

std::string redrive_source(const RedriveArguments& arguments, const std::string& text) {
  if (arguments.row > 0) return fmt::format("redrive-row-{}", arguments.row);
  return "redrive-" + sha256_hex(text).substr(0, 12);
}

ExitCode redrive_file(const CollectorSettings& settings, const RedriveArguments& arguments,
                      const std::stop_token& stop) {
  Result<std::string> text = read_file(arguments.file, kFileBytesMax);
  if (!text) return fail(text.error());
  Result<std::vector<RedriveLine>> lines = read_lines(arguments.file, *text);
  if (!lines) return fail(lines.error());
  const std::string source = redrive_source(arguments, *text);
  Metrics metrics;
  OutletPurpose purpose;
  purpose.folder = spool_folder(settings, source);
  purpose.name = source;
  OneOff work;
  work.timeout = settings.write_timeout;
  work.open = [&] { return Outlet::open(settings, purpose, metrics); };
  work.check = [&](std::int32_t partitions) { return check(*lines, partitions); };
  work.append = [&](Producer& producer) {
    return append_all(producer, *lines, Deadline::in(settings.write_timeout));
  };
  Result<std::string> id = run_one_off(work, stop);
  if (!id) return fail(id.error());
  fmt::print("{{\"appended\":{},\"producer\":\"{}\"}}\n", lines->size(), *id);
  return ExitCode::done;
}

}  // namespace weir
