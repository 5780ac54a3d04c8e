#include "ingest/collector/line_shipper.h"

#include "base/log.h"
#include "base/process.h"
#include "base/volume/durable_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

namespace weir {
namespace {

constexpr std::string_view kNdjsonFormat = "ndjson";
constexpr std::size_t kMapBytesMax = 64u << 20;

Error bad_argument(std::string_view name, std::string what) {
  return {ErrorCode::config, fmt::format("{}: {}", name, what), ""};
}

Status read_map(const std::string& path, LineOptions& options) {
  Result<std::string> text = read_file(path, kMapBytesMax);
  if (!text) return text.error().within("--subscription-map");
  std::istringstream lines(*text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line);
    std::string value, subscription, rest;
    if (!(words >> value) || value.front() == '#') continue;
    if (!(words >> subscription) || words >> rest) {
      return bad_argument("--subscription-map",
                          fmt::format("{}:{}: is not VALUE SUBSCRIPTION", path, number));
    }
    options.subscriptions[value] = subscription;
  }
  return {};
}

Status read_fields(const std::string& text, LineOptions& options) {
  std::istringstream pairs(text);
  std::string pair;
  while (std::getline(pairs, pair, ',')) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == pair.size()) {
      return bad_argument("--fields", fmt::format("\"{}\" is not FIELD=MEMBER", pair));
    }
    options.fields.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return {};
}

}  // namespace

Result<LineOptions> line_options(const LineArguments& arguments) {
  LineOptions options;
  Result<LineFormat> format = line_format_of(arguments.format);
  if (!format) return format.error().within("--format");
  options.format = *format;
  options.default_subscription = arguments.subscription;
  options.subscription_from = arguments.subscription_from;
  if (!arguments.subscription_map.empty()) {
    WEIR_TRY(read_map(arguments.subscription_map, options));
  }
  WEIR_TRY(read_fields(arguments.fields, options));
  return options;
}

Result<LineShipper> LineShipper::make(const Parts& parts, const LineArguments& arguments,
                                      RouteTemplates routes, RejectFile rejects) {
  std::optional<LineDecoder> lines;
  if (arguments.format != kNdjsonFormat) {
    Result<LineOptions> options = line_options(arguments);
    if (!options) return options.error();
    Result<LineDecoder> made = LineDecoder::make(*options, parts.key);
    if (!made) return made.error();
    lines.emplace(*std::move(made));
  }
  return LineShipper(parts, arguments, std::move(lines), std::move(routes), std::move(rejects));
}

LineShipper::LineShipper(const Parts& parts, LineArguments arguments,
                         std::optional<LineDecoder> lines, RouteTemplates routes,
                         RejectFile rejects)
    : parts_(parts),
      arguments_(std::move(arguments)),
      line_decoder_(std::move(lines)),
      event_decoder_(std::make_unique<Decoder>(parts.key)),
      writer_(std::make_unique<BatchWriter>(parts.sink, parts.key)),
      routes_(std::move(routes)),
      rejects_(std::move(rejects)),
      backoff_(parts.seed) {}

void LineShipper::add(const FileLines::Line& line, std::int64_t number) {
  Rejection why;
  if (!decode(line, why)) return refuse(line, number, why);
  ++counts_.lines;
  ++counts_.accepted;
  count_times();
}

void LineShipper::refuse(const FileLines::Line& line, std::int64_t number, const Rejection& why) {
  ++counts_.lines;
  ++counts_.rejected;
  ++counts_.rejected_by_reason[std::string(why.reason)];
  rejects_.add(number, line.position, why, line.text);
}

bool LineShipper::decode(const FileLines::Line& line, Rejection& why) {
  if (line.cut) {
    why.reason = reason::kTooLong;
    why.detail = fmt::format("the line is longer than {} bytes", FileLines::kLineBytesMax);
    return false;
  }
  if (!line_decoder_) return decode_event(line.text, why);
  char id[24];
  const auto end = fmt::format_to_n(id, sizeof id, "{}", line.position);
  LineContext context;
  context.tenant = arguments_.tenant;
  context.source = source_;
  context.id = {id, end.size};
  context.api = arguments_.api;
  context.gateway = arguments_.gateway;
  context.latest = EventTime(parts_.clock.now().value + parts_.permitted_future.count());
  context.routes = &routes_;
  return line_decoder_->decode_line(line.text, context, batch_, why);
}

// An event of its own, with its own source and id.
bool LineShipper::decode_event(std::string_view line, Rejection& why) {
  report_.clear();
  if (line.starts_with('[')) {
    why.reason = reason::kMalformed;
    why.detail = "a line holds one event, not a list";
    return false;
  }
  DecodeContext context;
  context.latest = EventTime(parts_.clock.now().value + parts_.permitted_future.count());
  context.tenant = arguments_.tenant;
  event_decoder_->decode(kJson, line, context, batch_, report_);
  if (report_.rejections.empty()) return true;
  why = std::move(report_.rejections.front());
  return false;
}

void LineShipper::count_times() {
  const EventTime time = batch_.time.back();
  counts_.first_time = std::min(counts_.first_time.value_or(time), time);
  counts_.last_time = std::max(counts_.last_time.value_or(time), time);
}

Status LineShipper::flush(const std::stop_token& stop) {
  WEIR_TRY(rejects_.sync());
  while (true) {
    Status written = writer_->write(batch_, Deadline::in(parts_.write_timeout));
    if (written) break;
    const ErrorCode code = written.error().code;
    if (code == ErrorCode::invalid || code == ErrorCode::config || code == ErrorCode::denied) {
      return written;
    }
    log_warn("the stream does not take lines at present; trying again",
             {{"error", written.error().text()}, {"rows", batch_.rows()}});
    if (sleep_until_stop(stop, backoff_.next())) return written;
  }
  backoff_.reset();
  batch_.clear();
  return {};
}

}  // namespace weir
