#include "ingest/collector/retire.h"

#include "ingest/collector/file_identity.h"
#include "ingest/collector/outlet.h"
#include "ingest/collector/tail.h"
#include "ingest/collector/tail_state.h"
#include "ingest/spool/real_disk.h"

#include <fmt/format.h>

namespace weir {
namespace {

ExitCode fail(const Error& error) {
  fmt::print(stderr, "weir-ingest: {}\n", error.text());
  return error.code == ErrorCode::not_found ? ExitCode::usage : exit_code_of(error);
}

std::string folder_of(const CollectorSettings& settings, const RetireArguments& arguments) {
  if (!arguments.spool.empty()) return arguments.spool;
  if (arguments.tail.empty()) return spool_folder(settings, "serve");
  return spool_folder(settings, tail_source(canonical_path(arguments.tail)));
}

// Accepted is what stands in the input (R15): END must not be said over lines that were not read.
Status check_read(const std::string& path, const TailState& state) {
  Result<OpenFile> file = OpenFile::open(path);
  if (!file && file.error().code == ErrorCode::not_found) return {};
  if (!file) return file.error();
  Result<std::optional<std::string>> source = tailed_file_source(*file);
  if (!source) return source.error();
  if (!*source) return {};
  Result<std::optional<TailPosition>> at = state.read();
  if (!at) return at.error();
  if (*at && (*at)->source == **source && (*at)->position >= file->size()) return {};
  return Error{ErrorCode::conflict, path + " holds lines that the tail has not read",
               "let the tail read them first, or move the file away if they are not to count"};
}

Status check_whole(const CollectorSettings& settings, const RetireArguments& arguments) {
  if (arguments.tail.empty()) return {};
  const std::string path = canonical_path(arguments.tail);
  const TailState state(settings.state_folder, path);
  WEIR_TRY(check_read(path, state));
  Result<bool> lost = state.lost();
  if (!lost) return lost.error();
  if (!*lost) return {};
  return Error{ErrorCode::conflict, "lines of " + arguments.tail + " are lost to the tail",
               "load them by hand or give them up, then remove " + state.lost_path()};
}

}  // namespace

ExitCode retire(const CollectorSettings& settings, const RetireArguments& arguments,
                const std::stop_token& stop) {
  RealDisk disk;
  const std::string folder = folder_of(settings, arguments);
  const Result<SpoolIdentity> identity = read_spool_identity(disk, folder);
  if (!identity) return fail(identity.error());
  if (identity->ended) {
    fmt::print("{} has ended already\n", identity->producer);
    return ExitCode::done;
  }
  if (Status whole = check_whole(settings, arguments); !whole) return fail(whole.error());
  Metrics metrics;
  OutletPurpose purpose;
  purpose.folder = folder;
  purpose.accepted_when = identity->accepted_when;
  purpose.topic = identity->topic;
  Result<std::unique_ptr<Outlet>> outlet = Outlet::open(settings, purpose, metrics);
  if (!outlet) return fail(outlet.error().within("stop the process that has it first"));
  const std::int64_t waiting = (*outlet)->producer().standing().waiting();
  if (Status ended = (*outlet)->end(stop); !ended) return fail(ended.error());
  const ProducerStanding standing = (*outlet)->producer().standing();
  fmt::print("{} has ended: {} records were still to be forwarded, END is written to {}\n",
             standing.id, waiting, identity->topic);
  fmt::print("last numbers by partition, epoch {}: {}\n", standing.epoch,
             fmt::join(standing.numbers, " "));
  if (Status taken = (*outlet)->check_taken(); !taken) return fail(taken.error());
  return ExitCode::done;
}

}  // namespace weir
