#include "billing/verify/commands.h"

#include "base/digest.h"
#include "base/json_writer.h"
#include "base/volume/durable_file.h"
#include "billing/command_parts.h"
#include "billing/reports.h"
#include "billing/verify/from_stream.h"
#include "billing/verify/verify_print.h"
#include "ingest/connect/connect.h"

#include <cstdio>
#include <map>
#include <unistd.h>

namespace weir::billing {
namespace {

/// On a terminal, one line that is written over; elsewhere nothing.
class Progress {
 public:
  ~Progress() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  void show(const char* what, std::int64_t done, std::int64_t of) {
    if (isatty(STDERR_FILENO) == 0) return;
    shown_ = true;
    std::fprintf(stderr, "\rverifying %s %lld of %lld ", what, static_cast<long long>(done + 1),
                 static_cast<long long>(of));
    std::fflush(stderr);
  }

 private:
  bool shown_ = false;
};

/// What each close billed late, by close, as JSON: [["acme","sub-1","requests",1767225600000000,12]].
/// A rebuild of the usage ledger assigns by it.
Result<std::map<std::int64_t, std::string>> late_sums(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select close_id, tenant, subscription, meter, bucket_us, sum(units)::bigint "
      "from quota.v1_adjustments where close_id is not null group by 1, 2, 3, 4, 5 order by "
      "1, 2, 3, 4, 5",
      deadline);
  if (!rows) return rows.error();
  std::map<std::int64_t, JsonWriter> sums;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto [place, made] = sums.try_emplace(rows->integer(i, 0));
    JsonWriter& json = place->second;
    if (made) json.begin_array();
    json.begin_array().value(rows->text(i, 1)).value(rows->text(i, 2)).value(rows->text(i, 3));
    json.value(rows->integer(i, 4)).value(rows->integer(i, 5)).end_array();
  }
  std::map<std::int64_t, std::string> out;
  for (auto& [close, json] : sums) out[close] = json.end_array().text();
  return out;
}

ExitCode code_of(const Differences& found) { return found.none() ? ExitCode::done : ExitCode::bug; }

Result<RecountReport> recount_from_the_stream(const BillingOptions& options,
                                              const VerifyArguments& arguments) {
  const auto database = open_database(options, "verify");
  if (!database) return database.error();
  const auto key = IdentityKey::from_secret(options.identity_secret);
  if (!key) return key.error().within("identity.secret");
  auto stream = connect_alone(options.stream, "weir-billing-verify");
  if (!stream) return stream.error();
  RecountOptions what;
  if (arguments.close > 0) what.close = arguments.close;
  Progress progress;
  what.progress = [&](std::int64_t done, std::int64_t of) { progress.show("partition", done, of); };
  return recount(**database, **stream, *key, what);
}

ExitCode from_stream(const BillingOptions& options, const VerifyArguments& arguments) {
  const auto report = recount_from_the_stream(options, arguments);
  if (!report) return give_up(report.error());
  print(arguments.json ? recount_json(*report) : recount_text(*report));
  return report->possible ? code_of(report->found) : ExitCode::unreachable;
}

}  // namespace

ExitCode verify_command(const BillingOptions& options, const VerifyArguments& arguments) {
  if (arguments.from_stream) return from_stream(options, arguments);
  const auto database = open_database(options, "verify");
  if (!database) return give_up(database.error());
  VerifyOptions what;
  if (arguments.close > 0) what.close = arguments.close;
  if (options.provider == "file") what.charges_file = options.charges_file;
  Result<VerifyReport> report = Error{ErrorCode::unavailable, "", ""};
  {
    Progress progress;
    what.progress = [&](std::int64_t done, std::int64_t of) { progress.show("close", done, of); };
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
  const auto late = late_sums(**lease, deadline);
  if (!late) return give_up(late.error());
  std::string lines;
  for (const StoredCertificate& link : *chain) {
    JsonWriter json;
    json.begin_object().field("close", link.id).field("digest", link.digest);
    const auto sums = late->find(link.id);
    json.key("adjustments").raw(sums == late->end() ? "[]" : sums->second);
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
