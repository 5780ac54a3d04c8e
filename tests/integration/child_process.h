// A process that a test starts, kills and reads.
//
// Standard output and standard error go to files in the test's folder, so nothing blocks on a pipe.
// The destructor kills what still runs. Threads: one.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace weir::test {

struct Finished {
  int exit_code;  // -signal when a signal ended it
  std::string out;
  std::string err;
};

class ChildProcess {
 public:
  /// Starts `argv`, whose first word is a path. Output is appended to `log_base`.out and .err.
  ChildProcess(std::vector<std::string> argv, std::string log_base);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);
  /// SIGKILL, and wait.
  void kill_hard();
  /// SIGTERM, and wait up to `timeout`; the exit code, or nullopt when it had to be killed.
  std::optional<int> stop(std::chrono::seconds timeout);
  /// Waits for its own end.
  std::optional<int> wait(std::chrono::seconds timeout);
  std::string out() const;
  std::string err() const;

 private:
  std::vector<std::string> argv_;
  std::string log_base_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

/// Runs to its end. A run that takes longer than `timeout` is killed and gives exit code -9.
Finished run(std::vector<std::string> argv, const std::string& log_base,
             std::chrono::seconds timeout = std::chrono::seconds(120));

/// Asks `done` until it says true; false when `timeout` has passed. The one way in which these tests
/// wait: on what they wait for, never for a length of time.
bool eventually(std::chrono::seconds timeout, const std::function<bool()>& done);

std::string read_whole(const std::string& path);

}  // namespace weir::test
