#include "quota/operator/run_program.h"

#include <csignal>
#include <cstring>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace weir {
namespace {

constexpr Micros kLook = std::chrono::milliseconds(20);
constexpr Micros kGrace = std::chrono::seconds(5);

/// No signal of ours stays blocked in the child.
class Attributes {
 public:
  Attributes() {
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

bool plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr("_-./=:,@+", c) != nullptr;
}

/// Asked first: it may have something to put in order, and to say how to go on.
void end_child(pid_t child) {
  ::kill(child, SIGTERM);
  for (const Deadline grace = Deadline::in(kGrace); !grace.passed();) {
    if (::waitpid(child, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(kLook);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace

Result<std::string> program_beside(const std::string& name) {
  std::string path(4096, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return Error{ErrorCode::config, "cannot tell where this program lies", ""};
  path.resize(static_cast<std::size_t>(length));
  path = path.substr(0, path.rfind('/') + 1) + name;
  if (::access(path.c_str(), X_OK) == 0) return path;
  return Error{ErrorCode::config, path + " is not there, or cannot be run",
               "install " + name + " beside weir-quota, or take --no-send and run it elsewhere"};
}

Result<int> run_program(const std::vector<std::string>& arguments, Deadline deadline) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const Attributes attributes;
  pid_t child = 0;
  const int failed =
      ::posix_spawn(&child, argv.front(), nullptr, attributes.get(), argv.data(), environ);
  if (failed != 0) {
    return Error{ErrorCode::config, arguments.front() + ": " + std::strerror(failed), ""};
  }
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (!deadline.passed()) {
      std::this_thread::sleep_for(kLook);
      continue;
    }
    end_child(child);
    return Error{ErrorCode::unavailable, arguments.front() + " did not end in time",
                 "the same command again sends what is still open"};
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return Error{ErrorCode::integrity,
               arguments.front() + " was ended by signal " + std::to_string(WTERMSIG(status)), ""};
}

std::string shell_line(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& argument : arguments) {
    if (!line.empty()) line += " ";
    bool quoted = argument.empty();
    for (const char c : argument) quoted = quoted || !plain(c);
    if (!quoted) {
      line += argument;
      continue;
    }
    line += "'";
    for (const char c : argument) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += "'";
  }
  return line;
}

}  // namespace weir
