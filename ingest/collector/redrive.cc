#include "ingest/collector/redrive.h"

#include "base/digest.h"
#include "base/volume/durable_file.h"
#include "ingest/codec/codec.h"
#include "ingest/codec/redrive_line.h"
#include "ingest/collector/outlet.h"

#include <fmt/format.h>
#include <sstream>
#include <vector>

namespace weir {
namespace {

constexpr std::size_t kFileBytesMax = 256u << 20;

ExitCode fail(const Error& error) {
  fmt::print(stderr, "weir-ingest: {}\n", error.text());
  return error.code == ErrorCode::invalid ? ExitCode::data : exit_code_of(error);
}

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

Status append_all(Producer& producer, const std::vector<RedriveLine>& lines, Deadline deadline) {
  Result<std::int32_t> partitions = producer.partition_count(deadline);
  if (!partitions) return partitions.error();
  std::vector<OutRecord> records;
  for (const RedriveLine& line : lines) {
    if (line.partition >= *partitions) {
      return Error{ErrorCode::invalid,
                   fmt::format("child {}: there is no partition {}", line.child, line.partition),
                   ""};
    }
    Origin origin;
    origin.redrive = line.child;
    records.push_back({PartitionId{line.partition}, kJson, line.event, origin});
  }
  Result<std::vector<Appended>> appended = producer.append(records, deadline);
  return appended ? Status{} : Status{appended.error()};
}

}  // namespace

ExitCode redrive_file(const CollectorSettings& settings, const std::string& path,
                      const std::stop_token& stop) {
  Result<std::string> text = read_file(path, kFileBytesMax);
  if (!text) return fail(text.error());
  Result<std::vector<RedriveLine>> lines = read_lines(path, *text);
  if (!lines) return fail(lines.error());
  const std::string digits = sha256_hex(*text).substr(0, 12);
  Metrics metrics;
  OutletPurpose purpose;
  purpose.folder = spool_folder(settings, "redrive-" + digits);
  purpose.name = "redrive-" + digits;
  Result<std::unique_ptr<Outlet>> outlet = Outlet::open(settings, purpose, metrics);
  if (!outlet) return fail(outlet.error());
  Producer& producer = (*outlet)->producer();
  const Deadline deadline = Deadline::in(settings.write_timeout);
  if (Status ready = producer.begin(deadline); !ready) return fail(ready.error());
  if (!producer.standing().ending) {
    if (Status sent = append_all(producer, *lines, deadline); !sent) return fail(sent.error());
  }
  if (Status ended = (*outlet)->end(stop); !ended) {
    return fail({ended.error().code, ended.error().what, "run the same command again"});
  }
  const std::string id = producer.standing().id;
  if (Status removed = (*outlet)->remove(); !removed) return fail(removed.error());
  fmt::print("{{\"appended\":{},\"producer\":\"{}\"}}\n", lines->size(), id);
  return ExitCode::done;
}

}  // namespace weir
