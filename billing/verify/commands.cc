#include "billing/verify/commands.h"

#include "base/json_writer.h"
#include "base/volume/durable_file.h"
#include "billing/command_parts.h"
#include "billing/reports.h"
#include "billing/verify/verify_print.h"

#include <cstdio>
#include <unistd.h>

namespace weir::billing {
namespace {

/// On a terminal, one line that is written over; elsewhere nothing.
class Progress {
 public:
  ~Progress() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  void show(std::int64_t done, std::int64_t of) {
    if (isatty(STDERR_FILENO) == 0) return;
    shown_ = true;
    std::fprintf(stderr, "\rverifying close %lld of %lld ", static_cast<long long>(done + 1),
                 static_cast<long long>(of));
    std::fflush(stderr);
  }

 private:
  bool shown_ = false;
};

ExitCode code_of(const Differences& found) { return found.none() ? ExitCode::done : ExitCode::bug; }

}  // namespace

ExitCode verify_command(const BillingOptions& options, const VerifyArguments& arguments) {
  const auto database = open_database(options, "verify");
  if (!database) return give_up(database.error());
  VerifyOptions what;
  if (arguments.close > 0) what.close = arguments.close;
  if (options.provider == "file") what.charges_file = options.charges_file;
  Result<VerifyReport> report = Error{ErrorCode::unavailable, "", ""};
  {
    Progress progress;
    what.progress = [&](std::int64_t done, std::int64_t of) { progress.show(done, of); };
    report = verify(**database, what);
  }
  if (!report) return give_up(report.error());
  print(arguments.json ? verify_json(*report) : verify_text(*report));
  return code_of(report->found);
}

ExitCode export_certificates_command(const BillingOptions& options, const std::string& file) {
  const auto database = open_database(options, "certificates");
  if (!database) return give_up(database.error());
  const Deadline deadline = Deadline::in(kCommandTimeout);
  auto lease = (*database)->acquire(deadline);
  if (!lease) return give_up(lease.error());
  const auto chain = read_certificates(**lease, deadline);
  if (!chain) return give_up(chain.error());
  std::string lines;
  for (const StoredCertificate& link : *chain) {
    JsonWriter json;
    json.begin_object().field("close", link.id).field("digest", link.digest);
    lines += json.key("certificate").raw(link.certificate).end_object().text() + "\n";
  }
  if (file == "-") {
    print(lines);
    return ExitCode::done;
  }
  const Status written = write_file_durably(file, lines);
  if (!written) return give_up(written.error());
  print(std::to_string(chain->size()) + " certificates in " + file + "\n");
  return ExitCode::done;
}

}  // namespace weir::billing
