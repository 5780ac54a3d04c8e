#include "base/log.h"

#include "base/time.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <fmt/format.h>
#include <mutex>
#include <unistd.h>

namespace weir {
namespace {

enum class Level { debug, info, warn, error, off };
constexpr std::array<std::string_view, 5> kNames = {"debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 4> kTextNames = {"DEBUG", "INFO ", "WARN ", "ERROR"};

std::mutex mutex;  // one line at a time; guards `program`
std::string program = "weir";
std::atomic<Level> least{Level::info};
std::atomic<bool> as_text{false};

thread_local std::string scope_request_id;
thread_local std::string scope_traceparent;

Level level_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Level>(i);
  }
  return Level::info;
}

void write_whole(std::string_view line) {
  while (!line.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, line.data(), line.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // standard error is gone or full: a log line is not worth a stall
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

void append_json_value(std::string& line, const LogField& field) {
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    line += std::to_string(*number);
  } else if (const auto* truth = std::get_if<bool>(&field.value)) {
    line += *truth ? "true" : "false";
  } else {
    line += json_quote(std::get<std::string>(field.value));
  }
}

void append_json_member(std::string& line, std::string_view name, std::string_view value) {
  line += fmt::format(",\"{}\":", name);
  line += json_quote(value);
}

std::string json_line(Level level, std::string_view message, LogFields fields) {
  std::string line =
      fmt::format("{{\"ts\":\"{}\",\"level\":\"{}\"", format_rfc3339(system_clock().now().value),
                  kNames[static_cast<std::size_t>(level)]);
  append_json_member(line, "program", program);
  append_json_member(line, "msg", message);
  if (!scope_request_id.empty()) append_json_member(line, "request_id", scope_request_id);
  if (!scope_traceparent.empty()) append_json_member(line, "traceparent", scope_traceparent);
  for (const LogField& field : fields) {
    line += ',';
    line += json_quote(field.name);
    line += ':';
    append_json_value(line, field);
  }
  return line + "}\n";
}

std::string text_line(Level level, std::string_view message, LogFields fields) {
  const std::string now = format_rfc3339(system_clock().now().value / 1000 * 1000);
  std::string line = fmt::format("{:<13.12} {} ", std::string_view(now).substr(11),
                                 kTextNames[static_cast<std::size_t>(level)]);
  for (char c : message) line += c == '\n' ? ' ' : c;
  for (const LogField& field : fields) {
    line += fmt::format("  {}=", field.name);
    append_json_value(line, field);
  }
  if (!scope_request_id.empty()) line += "  request_id=" + scope_request_id;
  return line + "\n";
}

void write_line(Level level, std::string_view message, LogFields fields) {
  if (level < least.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex);
  write_whole(as_text.load(std::memory_order_relaxed) ? text_line(level, message, fields)
                                                      : json_line(level, message, fields));
}

}  // namespace

void start_log(std::string program_name, std::string_view level, std::string_view format) {
  const std::lock_guard lock(mutex);
  program = std::move(program_name);
  least = level_named(level);
  as_text = format == "text" || (format == "auto" && ::isatty(STDERR_FILENO) == 1);
}

void log_debug(std::string_view message, LogFields fields) {
  write_line(Level::debug, message, fields);
}
void log_info(std::string_view message, LogFields fields) {
  write_line(Level::info, message, fields);
}
void log_warn(std::string_view message, LogFields fields) {
  write_line(Level::warn, message, fields);
}
void log_error(std::string_view message, LogFields fields) {
  write_line(Level::error, message, fields);
}

LogScope::LogScope(std::string request_id, std::string traceparent)
    : former_request_id_(std::exchange(scope_request_id, std::move(request_id))),
      former_traceparent_(std::exchange(scope_traceparent, std::move(traceparent))) {}

LogScope::~LogScope() {
  scope_request_id = std::move(former_request_id_);
  scope_traceparent = std::move(former_traceparent_);
}

}  // namespace weir
