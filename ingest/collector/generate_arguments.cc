// The command line of `weir-ingest generate`: declared once, checked once.
#include "ingest/collector/generate.h"

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr std::int64_t kPpmOfPercent = 10'000;

Error wrong(std::string_view argument, std::string_view value, std::string_view remedy) {
  std::string what = std::string(argument) + ": \"" + std::string(value) + "\" does not fit";
  return Error{ErrorCode::invalid, std::move(what), std::string(remedy)};
}

/// "1", "0.25": 0 to 100 with at most four decimals, as parts per million.
Result<std::int64_t> parse_percent(std::string_view argument, std::string_view text) {
  Error error = wrong(argument, text, "a percentage from 0 to 100 with at most four decimals");
  std::size_t dot = text.find('.');
  std::string_view whole = text.substr(0, dot);
  std::string_view part = dot == std::string_view::npos ? "" : text.substr(dot + 1);
  if (whole.empty() || whole.size() > 3 || part.size() > 4) return error;
  if (dot != std::string_view::npos && part.empty()) return error;
  std::string digits = std::string(whole) + std::string(part) + std::string(4 - part.size(), '0');
  std::int64_t ppm = 0;
  auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), ppm);
  bool fits = failure == std::errc() && end == digits.data() + digits.size() && digits[0] != '-' &&
              ppm <= 100 * kPpmOfPercent;
  if (!fits) return error;
  return ppm;
}

Status check_range(std::string_view argument, std::int64_t value, std::int64_t from,
                   std::int64_t to) {
  if (value >= from && value <= to) return {};
  return wrong(argument, std::to_string(value),
               "from " + std::to_string(from) + " to " + std::to_string(to));
}

Result<GenerateFormat> parse_format(const GenerateArguments& arguments) {
  bool to_file = !arguments.out.empty();
  constexpr std::array<std::pair<std::string_view, GenerateFormat>, 4> kFormats = {{
      {"mixed", GenerateFormat::mixed},
      {"json", GenerateFormat::json},
      {"packed", GenerateFormat::packed},
      {"ndjson", GenerateFormat::ndjson},
  }};
  if (arguments.format.empty()) return to_file ? GenerateFormat::ndjson : GenerateFormat::mixed;
  for (auto [name, format] : kFormats) {
    if (name != arguments.format) continue;
    if ((format == GenerateFormat::ndjson) == to_file) return format;
    return wrong("--format", name, "a file is ndjson, and the stream one of mixed, json, packed");
  }
  return wrong("--format", arguments.format, "one of mixed, json, packed, ndjson");
}

Status read_span(const GenerateArguments& arguments, Clock& clock, GenerateOptions& options) {
  std::int64_t now = clock.now().value;
  options.to = EventTime(now - now % kMicrosPerSecond);
  if (!arguments.to.empty()) {
    Result<std::int64_t> to = parse_rfc3339(arguments.to);
    if (!to) return to.error().within("--to");
    options.to = EventTime(*to);
  }
  options.from = options.to - 3600 * kMicrosPerSecond;
  if (!arguments.from.empty()) {
    Result<std::int64_t> from = parse_rfc3339(arguments.from);
    if (!from) return from.error().within("--from");
    options.from = EventTime(*from);
  }
  if (options.from.value >= 0 && options.from < options.to) return {};
  return wrong("--from", format_rfc3339(options.from.value), "before --to, and not before 1970");
}

Status read_counts(const GenerateArguments& arguments, GenerateOptions& options) {
  WEIR_TRY(check_range("--events", arguments.events, 1, 1'000'000'000));
  WEIR_TRY(check_range("--seed", arguments.seed, 0, INT64_MAX));
  WEIR_TRY(check_range("--tenants", arguments.tenants, 1, 10'000));
  WEIR_TRY(check_range("--customers", arguments.customers, 1, 1'000'000));
  WEIR_TRY(check_range("--rate", arguments.rate, 0, 10'000'000));
  options.events = arguments.events;
  options.seed = static_cast<std::uint64_t>(arguments.seed);
  options.tenants = static_cast<std::int32_t>(arguments.tenants);
  options.customers = static_cast<std::int32_t>(arguments.customers);
  options.rate = arguments.rate;
  return {};
}

Status read_shares(const GenerateArguments& arguments, GenerateOptions& options) {
  for (auto [name, text, into] :
       {std::tuple("--duplicates-percent", &arguments.duplicates_percent, &options.duplicates_ppm),
        std::tuple("--late-percent", &arguments.late_percent, &options.late_ppm),
        std::tuple("--poison-percent", &arguments.poison_percent, &options.poison_ppm)}) {
    Result<std::int64_t> ppm = parse_percent(name, *text);
    if (!ppm) return ppm.error();
    *into = *ppm;
  }
  return {};
}

}  // namespace

void declare_generate(Command& command, GenerateArguments* arguments) {
  command.option("--events", &arguments->events, "distinct good events");
  command.option("--seed", &arguments->seed, "the same seed and options give the same events");
  command.option("--tenants", &arguments->tenants, "tenants that the customers belong to");
  command.option("--customers", &arguments->customers, "customers, drawn by Zipf");
  command.option("--duplicates-percent", &arguments->duplicates_percent,
                 "copies on top, half of the near ones with a new time");
  command.option("--late-percent", &arguments->late_percent,
                 "events whose time lies far before their neighbours'");
  command.option("--poison-percent", &arguments->poison_percent,
                 "records on top that must be refused");
  command.option("--from", &arguments->from,
                 "event times from here (RFC 3339); default --to - 1 h");
  command.option("--to", &arguments->to, "event times before this; default now");
  command.option("--bucket", &arguments->bucket, "length of the buckets of --json");
  command.option("--rate", &arguments->rate, "events a second; 0: as fast as it goes");
  command.option("--format", &arguments->format, "mixed, json or packed; ndjson for a file");
  command.option("--out", &arguments->out, "a file instead of the stream; - is standard output");
  command.flag("--json", &arguments->json, "the expected totals for machines");
}

Result<GenerateOptions> read_generate(const GenerateArguments& arguments, Clock& clock) {
  GenerateOptions options;
  WEIR_TRY(read_counts(arguments, options));
  WEIR_TRY(read_shares(arguments, options));
  WEIR_TRY(read_span(arguments, clock, options));
  Result<Micros> bucket = parse_duration(arguments.bucket);
  if (!bucket) return bucket.error().within("--bucket");
  if (bucket->count() <= 0) return wrong("--bucket", arguments.bucket, "longer than nothing");
  options.bucket_us = bucket->count();
  Result<GenerateFormat> format = parse_format(arguments);
  if (!format) return format.error();
  options.format = *format;
  options.out = arguments.out;
  options.json = arguments.json;
  return options;
}

}  // namespace weir
