#include "tests/integration/child_process.h"

#include "base/result.h"

#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace weir::test {
namespace {

pid_t spawn(const std::vector<std::string>& argv, const std::string& log_base) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const int flags = O_WRONLY | O_CREAT | O_APPEND;
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, (log_base + ".out").c_str(), flags, 0644);
  posix_spawn_file_actions_addopen(&actions, 2, (log_base + ".err").c_str(), flags, 0644);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  WEIR_CHECK(failed == 0);
  return pid;
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status); }

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> argv, std::string log_base)
    : argv_(std::move(argv)), log_base_(std::move(log_base)), pid_(spawn(argv_, log_base_)) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : argv_(std::move(other.argv_)),
      log_base_(std::move(other.log_base_)),
      pid_(std::exchange(other.pid_, -1)),
      exit_code_(other.exit_code_) {}

ChildProcess::~ChildProcess() {
  if (pid_ > 0 && running()) kill_hard();
}

bool ChildProcess::running() {
  if (exit_code_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = code_of(status);
  return false;
}

void ChildProcess::signal(int number) {
  if (running()) ::kill(pid_, number);
}

void ChildProcess::kill_hard() {
  signal(SIGKILL);
  (void)wait(std::chrono::seconds(10));
}

std::optional<int> ChildProcess::stop(std::chrono::seconds timeout) {
  signal(SIGTERM);
  if (auto code = wait(timeout)) return code;
  kill_hard();
  return std::nullopt;
}

std::optional<int> ChildProcess::wait(std::chrono::seconds timeout) {
  eventually(timeout, [&] { return !running(); });
  return exit_code_;
}

std::string ChildProcess::out() const { return read_whole(log_base_ + ".out"); }
std::string ChildProcess::err() const { return read_whole(log_base_ + ".err"); }

Finished run(std::vector<std::string> argv, const std::string& log_base,
             std::chrono::seconds timeout) {
  unlink((log_base + ".out").c_str());
  unlink((log_base + ".err").c_str());
  ChildProcess child(std::move(argv), log_base);
  auto code = child.wait(timeout);
  if (!code) child.kill_hard();
  return {code.value_or(-SIGKILL), child.out(), child.err()};
}

bool eventually(std::chrono::seconds timeout, const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

std::string read_whole(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace weir::test
