#include "ingest/collector/load.h"

#include "base/log.h"
#include "ingest/collector/failure.h"
#include "ingest/collector/file_identity.h"
#include "ingest/collector/line_reader.h"
#include "ingest/collector/open_file.h"
#include "ingest/collector/outlet.h"
#include "ingest/collector/progress_bar.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weir {
namespace {

Status ship_all(const OpenFile& file, std::int64_t end, LineShipper& shipper, ProgressBar& progress,
                const std::stop_token& stop) {
  FileLines lines(file.fd(), 0, end);
  FileLines::Line line;
  std::int64_t number = 0;
  while (true) {
    Result<bool> more = lines.next(line);
    if (!more) return more.error();
    if (!*more && !lines.take_rest(line)) break;
    shipper.add(line, ++number);
    if (!shipper.full()) continue;
    WEIR_TRY(shipper.flush(stop));
    progress.show(lines.position());
  }
  WEIR_TRY(shipper.flush(stop));
  progress.end();
  return {};
}

Error again(const Error& error) {
  return {error.code, error.what,
          "run the same command again: what is on the stream already adds nothing"};
}

// The identity is of what it was at first, and so is what was read: no more than that is on the stream.
Error written_meanwhile(const std::string& path, const LoadedFile& loaded) {
  return {ErrorCode::invalid,
          fmt::format("{}: was written to while it was loaded; what is behind its first {} bytes "
                      "is not on the stream",
                      path, loaded.seen.size),
          "load what came behind as a file of its own: the whole file is another one now, and the "
          "lines of its first part would count twice"};
}

/// The file is read to its end: END, and then the spool has done its work. What the topic could
/// never take goes to `taken`.
Status finish(Outlet& outlet, const std::stop_token& stop, Status& taken) {
  WEIR_TRY(outlet.end(stop));
  taken = outlet.check_taken();
  return outlet.remove();
}

void print_counts(const LoadArguments& arguments, const std::string& rejects,
                  const ShipCounts& counts) {
  std::string reasons;
  for (const auto& [name, n] : counts.rejected_by_reason) {
    if (!reasons.empty()) reasons += arguments.json ? "," : ", ";
    reasons += arguments.json ? fmt::format("\"{}\":{}", name, n) : fmt::format("{} {}", name, n);
  }
  if (arguments.json) {
    fmt::print(R"({{"lines":{},"accepted":{},"rejected":{},"reasons":{{{}}}}})"
               "\n",
               counts.lines, counts.accepted, counts.rejected, reasons);
    return;
  }
  fmt::print("{}: {} lines, {} accepted, {} rejected{}\n", arguments.file, counts.lines,
             counts.accepted, counts.rejected, reasons.empty() ? "" : " (" + reasons + ")");
  if (counts.first_time) {
    fmt::print("events from {} to {}\n", format_rfc3339(counts.first_time->value),
               format_rfc3339(counts.last_time->value));
  }
  if (counts.rejected > 0) fmt::print("the rejected lines, with reasons: {}\n", rejects);
}

}  // namespace

ExitCode load_file(const CollectorSettings& settings, const LoadArguments& arguments,
                   const std::stop_token& stop) {
  Result<IdentityKey> key = identity_key(settings);
  if (!key) return fail(key.error());
  Result<RouteTemplates> routes = route_templates(settings);
  if (!routes) return fail(routes.error());
  Result<OpenFile> file = OpenFile::open(arguments.file);
  if (!file) return fail(file.error());
  Result<LoadedFile> loaded = identify_loaded(*file);
  if (!loaded) return fail(loaded.error().within(arguments.file));
  Metrics metrics;
  const std::string digits = loaded->source.substr(loaded->source.find('-') + 1);
  OutletPurpose purpose;
  purpose.folder = spool_folder(settings, "load-" + digits.substr(0, 16));
  purpose.name = "load-" + digits.substr(0, 12);
  Result<std::unique_ptr<Outlet>> outlet = Outlet::open(settings, purpose, metrics);
  if (!outlet) return fail(outlet.error());

  const std::string rejects =
      arguments.lines.rejects.empty() ? arguments.file + ".rejects" : arguments.lines.rejects;
  Result<LineShipper> shipper =
      LineShipper::make({(*outlet)->producer(), *key, system_clock(), settings.permitted_future,
                         settings.write_timeout, 1},
                        arguments.lines, *std::move(routes), RejectFile(rejects, false));
  if (!shipper) return fail(shipper.error());
  shipper->begin_file(loaded->source);

  const bool read_before = (*outlet)->producer().standing().ending;
  if (!read_before) {
    if (Status ready = (*outlet)->register_at_last(stop); !ready) return fail(ready.error());
    ProgressBar progress(arguments.file, loaded->seen.size);
    (*outlet)->start();
    if (Status shipped = ship_all(*file, loaded->seen.size, *shipper, progress, stop); !shipped) {
      return fail(again(shipped.error()));
    }
    (*outlet)->stop();
  }
  Status taken;
  if (Status ended = finish(**outlet, stop, taken); !ended) return fail(again(ended.error()));
  if (read_before && taken) {
    fmt::print("{}: was read to its end by an earlier run; the rest of it is on the stream now\n",
               arguments.file);
    return ExitCode::done;
  }
  if (!read_before) print_counts(arguments, rejects, shipper->counts());
  if (!taken) return fail(taken.error());
  if (!still_the_same(*file, *loaded)) return fail(written_meanwhile(arguments.file, *loaded));
  const ShipCounts& counts = shipper->counts();
  return counts.accepted == 0 && counts.rejected > 0 ? ExitCode::data : ExitCode::done;
}

}  // namespace weir
