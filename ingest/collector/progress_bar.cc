#include "ingest/collector/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr auto kBetween = std::chrono::milliseconds(200);
constexpr std::int64_t kMiB = 1 << 20;
constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

ProgressBar::ProgressBar(std::string what, std::int64_t total, Of of)
    : what_(std::move(what)), total_(total), of_(of), terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressBar::show(std::int64_t done) {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now - shown_ < kBetween || total_ <= 0) return;
  shown_ = now;
  const std::int64_t unit = of_ == Of::bytes ? kMiB : 1;
  fmt::print(stderr, "{}{}  {} %  {} of {} {}", kClearLine, what_, done * 100 / total_, done / unit,
             total_ / unit, of_ == Of::bytes ? "MiB" : "events");
}

void ProgressBar::end() {
  if (terminal_) fmt::print(stderr, "{}", kClearLine);
}

}  // namespace weir
