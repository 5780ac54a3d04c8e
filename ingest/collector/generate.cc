#include "ingest/collector/generate.h"

#include "ingest/collector/generate_events.h"
#include "ingest/collector/generate_output.h"
#include "ingest/collector/generate_report.h"
#include "ingest/collector/insist.h"
#include "ingest/collector/progress_bar.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <vector>

namespace weir {
namespace {

constexpr std::int64_t kBatchRows = 8192;
constexpr int kTriesMax = 30;  // a minute at most

/// Waits so that `done` events take done / rate seconds.
class Pace {
 public:
  explicit Pace(std::int64_t rate) : rate_(rate) {}
  std::int64_t batch_rows() const {
    return rate_ == 0 ? kBatchRows : std::clamp<std::int64_t>(rate_ / 10, 1, kBatchRows);
  }
  void keep(std::int64_t done, const std::stop_token& stop) const {
    if (rate_ == 0) return;
    Micros due(done * kMicrosPerSecond / rate_);
    auto spent = std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - begun_);
    if (due > spent) sleep_until_stop(stop, due - spent);
  }

 private:
  std::int64_t rate_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

Result<std::unique_ptr<GenerateOutput>> open_output(const GenerateOptions& options,
                                                    RecordSink* sink, const IdentityKey& key) {
  if (!options.out.empty()) return file_output(options.out, key);
  if (sink != nullptr) return stream_output(*sink, key, options.format);
  return Error{ErrorCode::invalid, "neither a stream nor a file to write to", "give --out FILE"};
}

Status write_all(EventGenerator& generator, GenerateOutput& output, const GenerateOptions& options,
                 const std::stop_token& stop) {
  ProgressBar progress("generate", options.events, ProgressBar::Of::events);
  Pace pace(options.rate);
  RequestBatch batch;
  std::vector<std::string> poison;
  for (bool more = true; more && !stop.stop_requested();) {
    batch.clear();
    poison.clear();
    more = generator.fill(batch, static_cast<std::size_t>(pace.batch_rows()), poison);
    WEIR_TRY(insist(stop, {.tries_max = kTriesMax}, [&] { return output.write_rows(batch); }));
    if (!poison.empty()) {
      WEIR_TRY(insist(stop, {.tries_max = kTriesMax, .repeatable = false},
                      [&] { return output.write_poison(poison); }));
    }
    progress.show(generator.totals().events);
    pace.keep(generator.totals().received(), stop);
  }
  progress.end();
  return output.finish();
}

}  // namespace

ExitCode run_generate(const GenerateOptions& options, RecordSink* sink, const IdentityKey& key,
                      const std::stop_token& stop) {
  Result<std::unique_ptr<GenerateOutput>> output = open_output(options, sink, key);
  if (!output) {
    fmt::print(stderr, "generate: {}\n", output.error().text());
    return exit_code_of(output.error());
  }
  EventGenerator generator(options, key);
  Status written = write_all(generator, **output, options, stop);
  if (!written) {
    fmt::print(stderr, "generate: {}\n", written.error().text());
    return exit_code_of(written.error());
  }
  const ExpectedTotals& totals = generator.totals();
  std::FILE* report = options.out == "-" ? stderr : stdout;
  fmt::print(report, "{}", options.json ? totals_json(totals) : totals_table(totals));
  std::fflush(report);
  return ExitCode::done;
}

}  // namespace weir
