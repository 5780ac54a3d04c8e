// Logs: one JSON object a line on standard error.
//
//   {"ts":"2026-03-01T12:00:00.123456Z","level":"warn","program":"weir-quota","msg":"...",
//    "request_id":"...","partition":3,"offset":17}
//
// `log_info("consumer assigned", {{"partition", 3}, {"next", 17}})`. Threads: any. On a terminal
// (or with log.format=text) the same line is printed for people.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace weir {

struct LogField {
  std::string_view name;
  std::variant<std::int64_t, bool, std::string> value;

  template <class T>
    requires std::is_integral_v<T>
  LogField(std::string_view n, T v) : name(n) {
    if constexpr (std::is_same_v<T, bool>) {
      value = v;
    } else {
      value = static_cast<std::int64_t>(v);
    }
  }
  LogField(std::string_view n, std::string_view v) : name(n), value(std::string(v)) {}
  LogField(std::string_view n, const char* v) : name(n), value(std::string(v)) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(v) {}
};
using LogFields = std::initializer_list<LogField>;

/// level: debug, info, warn, error. format: json, text or auto (text on a terminal).
void start_log(std::string program, std::string_view level, std::string_view format);

void log_debug(std::string_view message, LogFields fields = {});
void log_info(std::string_view message, LogFields fields = {});
void log_warn(std::string_view message, LogFields fields = {});
void log_error(std::string_view message, LogFields fields = {});

/// While it lives, every line that this thread logs bears the request id and the traceparent.
class LogScope {
 public:
  LogScope(std::string request_id, std::string traceparent);
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

 private:
  std::string former_request_id_;
  std::string former_traceparent_;
};

/// `text` as a JSON string literal, quotes included; invalid UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view text);

}  // namespace weir
