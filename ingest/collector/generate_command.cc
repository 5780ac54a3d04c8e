#include "ingest/collector/generate_command.h"

#include "base/digest.h"
#include "ingest/collector/failure.h"
#include "ingest/collector/outlet.h"

#include <fmt/format.h>

namespace weir {
namespace {

constexpr Micros kGrace = std::chrono::seconds(10);

}  // namespace

ExitCode generate_events(const CollectorSettings& settings, const GenerateArguments& arguments,
                         const std::stop_token& stop) {
  Result<GenerateOptions> options = read_generate(arguments, system_clock());
  if (!options) return fail(options.error(), ExitCode::usage);
  Result<IdentityKey> key = identity_key(settings);
  if (!key) return fail(key.error(), ExitCode::config);
  if (!options->out.empty()) return run_generate(*options, nullptr, *key, stop);
  Metrics metrics;
  OutletPurpose purpose;
  purpose.folder = spool_folder(settings, "generate-" + random_hex(8));
  purpose.name = "generate";
  Result<std::unique_ptr<Outlet>> outlet = Outlet::open(settings, purpose, metrics);
  if (!outlet) return fail(outlet.error());
  if (Status ready = (*outlet)->producer().begin(Deadline::in(settings.stream.timeout)); !ready) {
    // Some partitions may have it.
    const bool known = !(*outlet)->producer().standing().id.empty();
    return fail(known ? Error{ready.error().code, ready.error().what,
                              "then end what may be registered: weir-ingest retire --spool " +
                                  purpose.folder}
                      : ready.error());
  }
  (*outlet)->start();
  const ExitCode code = run_generate(*options, &(*outlet)->producer(), *key, stop);
  (*outlet)->stop();
  // Events that are made up have an end, whatever came in between: also an end that was asked for. The
  // folder's name is drawn, so nobody could take it up again.
  if (Status ended = (*outlet)->end_soon(stop, kGrace); !ended) {
    return fail(ended.error());
  }
  const Status taken = (*outlet)->check_taken();
  if (Status removed = (*outlet)->remove(); !removed) {
    return fail(removed.error());
  }
  if (!taken) return fail(taken.error(), ExitCode::data);
  return code;
}

}  // namespace weir
