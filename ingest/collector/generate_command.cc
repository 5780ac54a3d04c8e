#include "ingest/collector/generate_command.h"

#include "ingest/kafka/kafka_sink.h"

#include <fmt/format.h>

namespace weir {
namespace {

ExitCode fail(const Error& error, ExitCode code) {
  fmt::print(stderr, "weir-ingest: {}\n", error.text());
  return code;
}

}  // namespace

ExitCode generate_events(const CollectorSettings& settings, const GenerateArguments& arguments,
                         const std::stop_token& stop) {
  Result<GenerateOptions> options = read_generate(arguments, system_clock());
  if (!options) return fail(options.error(), ExitCode::usage);
  Result<IdentityKey> key = identity_key(settings);
  if (!key) return fail(key.error(), ExitCode::config);
  if (!options->out.empty()) return run_generate(*options, nullptr, *key, stop);
  Result<std::unique_ptr<KafkaSink>> sink = KafkaSink::open(settings.kafka);
  if (!sink) return fail(sink.error(), ExitCode::config);
  return run_generate(*options, sink->get(), *key, stop);
}

}  // namespace weir
