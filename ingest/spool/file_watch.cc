#include "ingest/spool/file_watch.h"

#include "base/log.h"
#include "base/volume/descriptor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/inotify.h>
#include <thread>
#include <unistd.h>

namespace weir {
namespace {

constexpr Micros kLookEvery = std::chrono::milliseconds(2);

class Sleeping : public LogWatch {
 public:
  bool wait(Micros timeout) override {
    std::this_thread::sleep_for(std::min(timeout, kLookEvery));
    return true;
  }
};

class Watching : public LogWatch {
 public:
  explicit Watching(Descriptor events) : events_(std::move(events)) {}

  bool wait(Micros timeout) override {
    if (gone_) return Sleeping().wait(timeout);
    const auto until = std::chrono::steady_clock::now() + timeout;
    while (true) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      pollfd asked{events_.get(), POLLIN, 0};
      const int ready =
          ::poll(&asked, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) return false;
      take_events();
      return true;
    }
  }

 private:
  void take_events() {
    alignas(inotify_event) std::array<char, 4096> buffer;
    ssize_t got = 0;
    while ((got = ::read(events_.get(), buffer.data(), buffer.size())) > 0) {
      for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof event);
        if ((event.mask & IN_IGNORED) != 0) gone_ = true;  // the file was removed
        at += sizeof event + event.len;
      }
    }
  }

  const Descriptor events_;
  bool gone_ = false;
};

}  // namespace

std::unique_ptr<LogWatch> watch_file(const std::string& path) {
  Descriptor events(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (events.get() >= 0 && ::inotify_add_watch(events.get(), path.c_str(), IN_MODIFY) >= 0) {
    return std::make_unique<Watching>(std::move(events));
  }
  log_warn("no watch to be had: looking every 2 ms instead",
           {{"file", path},
            {"reason", std::strerror(errno)},
            {"remedy", "raise fs.inotify.max_user_instances"}});
  return std::make_unique<Sleeping>();
}

}  // namespace weir
