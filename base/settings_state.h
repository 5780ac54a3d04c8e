// What Settings holds, shared by the files that read it and those that print it. Private to base.
#pragma once

#include "base/settings.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir {

enum class SettingKind { text, secret, integer, duration, flag, choice };

struct Setting {
  SettingKind kind = SettingKind::text;
  std::string name;
  std::string sentence;
  std::string fallback;  // as text
  std::string unit;      // of integers
  std::variant<std::string*, std::int64_t*, Micros*, bool*> into;
  std::int64_t least = 0;  // integers; durations in microseconds
  std::int64_t most = 0;
  std::vector<std::string> allowed;  // choices
  bool required = false;
  std::string origin = "default";  // "default", "weir.toml:12", "environment WEIR_X", "flag --x"
};

/// One value out of a source, before it is known whether it fits.
struct RawValue {
  /// What stood there: a string from anywhere, the rest from TOML alone. monostate: something that
  /// no setting takes (an array, a float, a date).
  std::variant<std::monostate, std::string, std::int64_t, bool> value;
  std::string name;        // of the setting
  std::string where;       // for faults: "weir.toml:12: kafka.timeout"
  std::string origin;      // for effective()
  std::uint32_t line = 0;  // in a file
};

struct Settings::State {
  std::string program;
  std::string log_level;
  std::string log_format;
  std::vector<Setting> settings;
  std::vector<std::string> ignored_tables;

  Setting* find(std::string_view name);
  void add(Setting setting);
  bool is_ignored(std::string_view name) const;
};

/// "kafka.brokers" as "WEIR_KAFKA_BROKERS".
std::string environment_name(std::string_view setting);
/// The present value, as it would be written in TOML; secrets are masked.
std::string present_value(const Setting& setting);
/// Checks and stores. What is wrong with it, or "".
std::string assign(Setting& setting, const RawValue& raw);
/// The same for a secret whose file `raw` names. Line ends behind the content are cut off.
std::string assign_file(Setting& secret, const RawValue& raw);

/// Every leaf of the file with its line; a file that cannot be read or parsed is one fault.
std::vector<RawValue> read_toml_values(const std::string& path, std::vector<Fault>& faults);

}  // namespace weir
