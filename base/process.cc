#include "base/process.h"

#include "base/log.h"

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace weir {
namespace {

/// Waits for the blocked signals, so that no code runs inside a signal handler.
void wait_for_signals(sigset_t signals, std::stop_source source) {
  int signal = 0;
  sigwait(&signals, &signal);
  log_info("asked to stop", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  source.request_stop();
  sigwait(&signals, &signal);
  log_warn("asked to stop a second time: ending at once");
  ::_exit(128 + signal);
}

}  // namespace

ExitCode exit_code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid:
    case ErrorCode::not_found:
      return ExitCode::data;
    case ErrorCode::unavailable:
    case ErrorCode::full:
      return ExitCode::unreachable;
    case ErrorCode::conflict:
    case ErrorCode::in_doubt:
      return ExitCode::held;  // whoever runs us again finds out by reading
    case ErrorCode::denied:
    case ErrorCode::config:
      return ExitCode::config;
    case ErrorCode::integrity:
      return ExitCode::bug;
  }
  return ExitCode::bug;
}

std::stop_token stop_on_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  // Blocked here, before any thread is made, so that every thread inherits it.
  WEIR_CHECK(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
  std::stop_source source;
  std::thread(wait_for_signals, signals, source).detach();  // it ends with the process
  return source.get_token();
}

bool sleep_until_stop(const std::stop_token& stop, Micros duration) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, duration, [] { return false; });
  return stop.stop_requested();
}

std::optional<ExitCode> load_settings(Settings& settings, const std::string& config_path,
                                      const std::vector<std::pair<std::string, std::string>>& flags,
                                      bool check_only) {
  const std::vector<Fault> faults = settings.read({config_path, weir_environment(), flags});
  if (!faults.empty()) {
    std::fprintf(stderr, "%s: %zu %s in the settings:\n%s", settings.program().c_str(),
                 faults.size(), faults.size() == 1 ? "fault" : "faults",
                 format_faults(faults).c_str());
    return ExitCode::config;
  }
  if (check_only) {
    std::fputs(settings.effective().c_str(), stdout);
    std::fflush(stdout);
    return ExitCode::done;
  }
  start_log(settings.program(), settings.log_level(), settings.log_format());
  return std::nullopt;
}

}  // namespace weir
