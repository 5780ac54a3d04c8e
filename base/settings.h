// Settings: each declared once, with name, unit, default, range and one sentence.
//
// From the declaration come the TOML parser, the environment names, `--help`, the reference page
// (docs/reference/settings-*.md) and the error messages. Order of precedence, weakest first:
// default, TOML file (--config), environment, flag. All faults are collected and reported together.
//
//   Settings settings("weir-quota");
//   std::string brokers;
//   Micros timeout;
//   settings.text("kafka.brokers", &brokers, "127.0.0.1:9092", "host:port list of the Kafka
//   brokers"); settings.duration("kafka.timeout", &timeout, 5s, {100ms, 5min}, "deadline of each
//   broker call"); Status read = settings.read(sources);
//
// The setting `kafka.brokers` is the key `brokers` in the TOML table `[kafka]`, the environment
// variable WEIR_KAFKA_BROKERS and the flag --kafka.brokers. A key that no setting declares is a
// fault (with the nearest known name), except keys under tables named by `ignore_table` (one file
// may serve several processes: each declares the tables of the others as ignored). The environment
// is shared by all processes, so a WEIR_ variable that no setting declares is no fault.
//
// `log.level` and `log.format` are declared by the constructor, for every process; declaring any
// name twice is a bug and stops the process.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// One wrong setting or one wrong place in a file of the operator's.
struct Fault {
  std::string where;  // "weir.toml:12: kafka.timeout" or "environment WEIR_KAFKA_TIMEOUT"
  std::string what;   // "is 0s; must be between 100ms and 5min"
};
std::string format_faults(const std::vector<Fault>& faults);

class Settings {
 public:
  explicit Settings(std::string program);
  ~Settings();
  Settings(Settings&&) noexcept;
  Settings& operator=(Settings&&) noexcept;

  // Each call declares one setting and binds it to a variable that outlives this object; the
  // variable is given the default at once.
  void text(std::string name, std::string* into, std::string fallback, std::string sentence);
  /// Never printed by --help, --check-config or logs; `_file` behind the name reads it from a file.
  void secret(std::string name, std::string* into, std::string sentence);
  void integer(std::string name, std::int64_t* into, std::int64_t fallback, std::int64_t least,
               std::int64_t most, std::string unit, std::string sentence);
  void duration(std::string name, Micros* into, Micros fallback, Micros least, Micros most,
                std::string sentence);
  void flag(std::string name, bool* into, bool fallback, std::string sentence);
  void choice(std::string name, std::string* into, std::vector<std::string> allowed,
              std::string fallback, std::string sentence);
  /// Must be set: no default, an absent one is a fault.
  void require(std::string_view name);
  void ignore_table(std::string name);

  /// Where values come from. `flags` are "name=value" pairs as the command line gave them.
  struct Sources {
    std::string config_path;  // empty: none
    std::map<std::string, std::string> environment;
    std::vector<std::pair<std::string, std::string>> flags;
  };
  /// Reads all sources. Every fault found, in the order of the sources; empty when all is well.
  std::vector<Fault> read(const Sources& sources);

  /// All settings with their present values and where each came from, secrets masked.
  std::string effective() const;
  /// The settings part of --help: name, default, unit, range, sentence.
  std::string help() const;
  /// The reference page as Markdown.
  std::string reference() const;

  const std::string& program() const;
  const std::string& log_level() const;
  const std::string& log_format() const;
  /// Every name that a flag may bear, the `_file` names of secrets included; in order of
  /// declaration.
  std::vector<std::string> names() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The process environment's variables that start with WEIR_.
std::map<std::string, std::string> weir_environment();

}  // namespace weir
