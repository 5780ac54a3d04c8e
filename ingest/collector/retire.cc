#include "ingest/collector/retire.h"

#include "base/log.h"
#include "base/volume/durable_file.h"
#include "ingest/collector/failure.h"
#include "ingest/collector/outlet.h"
#include "ingest/collector/tail_input.h"
#include "ingest/spool/real_disk.h"

#include <fmt/format.h>

namespace weir {
namespace {

Result<std::string> folder_of(const CollectorSettings& settings, const RetireArguments& arguments) {
  if (!arguments.spool.empty()) return arguments.spool;
  if (arguments.tail.empty()) return spool_folder(settings, "serve");
  Result<std::string> path = canonical_path(arguments.tail);
  if (!path) return path.error();
  return spool_folder(settings, tail_source(*path));
}

// Accepted is what stands in the input (R15): END must not be said over lines that were not read.
Status check_whole(const std::string& path, const TailState& state) {
  Result<std::optional<TailPosition>> stored = state.read();
  if (!stored) return stored.error();
  WEIR_TRY(check_all_read(path, *stored));
  Result<bool> lost = state.lost();
  if (!lost) return lost.error();
  if (!*lost) return {};
  return Error{ErrorCode::conflict, "lines of " + path + " are lost to the tail",
               "load them by hand, then remove " + state.lost_path() +
                   ", or give them up: --give-up REASON (they are in no bill then)"};
}

// A named decision: what was given up stays written beside the state.
Status give_up(const RetireArguments& arguments, const TailState& state, const std::string& what) {
  Result<AppendFile> decisions = AppendFile::open(state.path() + ".given-up");
  if (!decisions) return decisions.error();
  WEIR_TRY(
      decisions->append_line(fmt::format(R"({{"at":{},"reason":{},"what":{}}})",
                                         json_quote(format_rfc3339(system_clock().now().value)),
                                         json_quote(arguments.give_up), json_quote(what))));
  log_warn("given up", {{"what", what}, {"reason", arguments.give_up}});
  return {};
}

Status check_input(const CollectorSettings& settings, const RetireArguments& arguments) {
  if (arguments.tail.empty()) return {};
  Result<std::string> path = canonical_path(arguments.tail);
  if (!path) return path.error();
  const TailState state(settings.state_folder, *path);
  const Status whole = check_whole(*path, state);
  if (whole || whole.error().code != ErrorCode::conflict || arguments.give_up.empty()) return whole;
  return give_up(arguments, state, whole.error().what);
}

}  // namespace

ExitCode retire(const CollectorSettings& settings, const RetireArguments& arguments,
                const std::stop_token& stop) {
  RealDisk disk;
  const Result<std::string> folder = folder_of(settings, arguments);
  if (!folder) return fail(folder.error(), ExitCode::usage);
  const Result<SpoolIdentity> identity = read_spool_identity(disk, *folder);
  if (!identity) {
    const bool none = identity.error().code == ErrorCode::not_found;
    return none ? fail(identity.error(), ExitCode::usage) : fail(identity.error());
  }
  if (identity->ended) {
    fmt::print("{} has ended already\n", identity->producer);
    return ExitCode::done;
  }
  if (Status whole = check_input(settings, arguments); !whole) return fail(whole.error());
  Metrics metrics;
  OutletPurpose purpose;
  purpose.folder = *folder;
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
