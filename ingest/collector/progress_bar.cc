#include "ingest/collector/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr auto kBetween = std::chrono::milliseconds(200);
constexpr std::int64_t kMiB = 1 << 20;
constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

ProgressBar::ProgressBar(std::string what, std::int64_t bytes_total)
    : what_(std::move(what)), total_(bytes_total), terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressBar::show(std::int64_t bytes_done) {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now - shown_ < kBetween || total_ <= 0) return;
  shown_ = now;
  fmt::print(stderr, "{}{}  {} %  {} of {} MiB", kClearLine, what_, bytes_done * 100 / total_,
             bytes_done / kMiB, total_ / kMiB);
}

void ProgressBar::end() {
  if (terminal_) fmt::print(stderr, "{}", kClearLine);
}

}  // namespace weir
