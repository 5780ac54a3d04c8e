#include "ingest/collector/resend.h"

#include "base/digest.h"
#include "ingest/collector/failure.h"
#include "ingest/spool/real_disk.h"

#include <filesystem>
#include <fmt/format.h>
#include <vector>

namespace weir {
namespace {

using Kept = std::vector<KeptRecord>;

Status check(const Kept& kept, std::int32_t partitions) {
  for (const KeptRecord& record : kept) {
    if (record.content_type.empty()) {
      return Error{ErrorCode::invalid, name_of(record) + ": its content is of no known type", ""};
    }
    if (record.partition.value >= partitions) {
      return Error{ErrorCode::invalid, name_of(record) + ": the topic has no such partition",
                   "name the topic that it was meant for: --stream.topic"};
    }
  }
  return {};
}

// One by one, so that one at a time is in memory.
Status append(LogDisk& disk, const std::string& folder, const Kept& kept, Producer& producer) {
  for (const KeptRecord& record : kept) {
    Result<std::string> value = read_kept(disk, folder, record);
    if (!value) return value.error();
    Origin origin;
    origin.redrive = record.redrive;
    const OutRecord out{record.partition, record.content_type, *value, origin};
    Result<std::vector<Appended>> spooled =
        producer.append({&out, 1}, Deadline::in(std::chrono::seconds(10)));
    if (!spooled) return spooled.error();
  }
  return {};
}

}  // namespace

Result<std::size_t> resend_kept(const std::string& folder,
                                const std::function<Result<std::unique_ptr<Outlet>>()>& open,
                                const std::stop_token& stop) {
  RealDisk disk;
  Result<Kept> kept = kept_records(disk, folder);
  if (!kept) return kept.error();
  if (kept->empty()) return std::size_t{0};
  OneOff work;
  work.open = open;
  work.check = [&](std::int32_t partitions) { return check(*kept, partitions); };
  work.append = [&](Producer& producer) { return append(disk, folder, *kept, producer); };
  work.kept_elsewhere = true;
  Result<std::string> sent = run_one_off(work, stop);
  if (!sent) return sent.error();
  WEIR_TRY(remove_kept(disk, folder, *kept));
  return kept->size();
}

ExitCode resend(const CollectorSettings& settings, const std::string& folder,
                const std::stop_token& stop) {
  std::error_code failed;
  const std::filesystem::path whole = std::filesystem::canonical(folder, failed);
  if (failed) {
    return fail({ErrorCode::not_found, folder + ": " + failed.message(), ""}, ExitCode::usage);
  }
  const std::string source = "resend-" + sha256_hex(whole.string()).substr(0, 16);
  Metrics metrics;
  OutletPurpose purpose;
  purpose.folder = spool_folder(settings, source);
  purpose.name = source;
  Result<std::size_t> sent = resend_kept(
      whole.string(), [&] { return Outlet::open(settings, purpose, metrics); }, stop);
  if (!sent) return fail(sent.error());
  if (*sent == 0) fmt::print("{}: no record is kept\n", folder);
  if (*sent > 0) fmt::print("{}: {} records were kept, and are on the stream now\n", folder, *sent);
  return ExitCode::done;
}

}  // namespace weir
