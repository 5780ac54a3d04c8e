// What every main() shares: the command line of a process with subcommands, exit codes, signals.
//
// A main() reads like a table of contents: declare settings, parse, validate, construct in order,
// run until asked to stop, drain, exit code.
#pragma once

#include "base/result.h"
#include "base/settings.h"

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace weir {

/// From sysexits.h, so that cron jobs and scripts can tell them apart.
enum class ExitCode : int {
  done = 0,
  usage = 64,        // the command line is wrong
  data = 65,         // the input is wrong
  unreachable = 69,  // a part cannot be reached
  bug = 70,          // a broken invariant
  held = 75,         // not ready: nothing was charged; try again later
  config = 78,       // a setting or a file of the operator's is wrong
};
/// The exit code that fits an error's code.
ExitCode exit_code_of(const Error& error);

/// SIGTERM and SIGINT ask for a stop; a second one ends the process at once. SIGPIPE is ignored.
/// Call once, before any thread is made.
std::stop_token stop_on_signals();
/// Sleeps until asked to stop or until `duration` has passed; true when asked to stop.
bool sleep_until_stop(const std::stop_token& stop, Micros duration);

/// Reads --config, the environment and flags into `settings`, prints every fault to standard error,
/// and starts the log. nullopt: go on; else exit with that code. With `check_only` (--check-config)
/// prints the effective settings and gives `done`.
std::optional<ExitCode> load_settings(Settings& settings, const std::string& config_path,
                                      const std::vector<std::pair<std::string, std::string>>& flags,
                                      bool check_only);

}  // namespace weir
