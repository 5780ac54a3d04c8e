#include "base/volume/volume_watch.h"

#include "base/log.h"
#include "base/process.h"
#include "base/time.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace weir {
namespace {

constexpr std::int64_t kWindowUs = 10 * 60 * kMicrosPerSecond;
constexpr auto kLookEvery = std::chrono::seconds(5);
constexpr int kLeaveBelow = 2;                                           // points
constexpr std::int64_t kNeverSeconds = std::int64_t{10} * 365 * 86'400;  // as a gauge has to say it

int percent_of(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return 0;  // a file system without a number of inodes
  return static_cast<int>(static_cast<long double>(part) * 100 / static_cast<long double>(whole));
}

std::int64_t steady_us() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Micros>(since).count();
}

}  // namespace

std::int64_t VolumeTrend::Reading::used() const {
  return static_cast<std::int64_t>(space.bytes_total - space.bytes_free);
}

void VolumeTrend::take(std::int64_t at_us, const VolumeSpace& space) {
  // Another size is another volume, or a grown one: what was used before says nothing of the speed.
  if (!readings_.empty() && readings_.back().space.bytes_total != space.bytes_total) {
    readings_.clear();
  }
  readings_.push_back({at_us, space});
  while (readings_.size() > 2 && readings_[1].at_us <= at_us - kWindowUs) readings_.pop_front();
  const int used = used_percent();
  while (reached_ < marks_.size() && used >= marks_[reached_].percent) ++reached_;
  while (reached_ > 0 && used < marks_[reached_ - 1].percent - kLeaveBelow) --reached_;
}

int VolumeTrend::used_percent() const {
  if (readings_.empty()) return 0;
  const VolumeSpace& space = readings_.back().space;
  return std::max(percent_of(space.bytes_total - space.bytes_free, space.bytes_total),
                  percent_of(space.inodes_total - space.inodes_free, space.inodes_total));
}

std::int64_t VolumeTrend::growth_bytes_per_second() const {
  if (readings_.size() < 2) return 0;
  const Reading &first = readings_.front(), &last = readings_.back();
  const std::int64_t seconds = (last.at_us - first.at_us) / kMicrosPerSecond;
  return seconds <= 0 ? 0 : (last.used() - first.used()) / seconds;
}

std::optional<std::int64_t> VolumeTrend::seconds_to_full() const {
  const std::int64_t growth = growth_bytes_per_second();
  if (growth <= 0) return std::nullopt;
  return static_cast<std::int64_t>(readings_.back().space.bytes_free) / growth;
}

struct VolumeWatch::State {
  State(std::string in, std::string named, std::vector<VolumeMark> marks, Metrics& metrics)
      : folder(std::move(in)),
        name(std::move(named)),
        trend(std::move(marks)),
        size(gauge(metrics, "size_bytes", "Size of the volume")),
        free(gauge(metrics, "free_bytes", "Free for this process")),
        inodes(gauge(metrics, "free_inodes", "Inodes that are free")),
        growth(gauge(metrics, "growth_bytes_per_second", "How fast it fills, over ten minutes")),
        to_full(gauge(metrics, "seconds_to_full",
                      "When it is full at that speed; ten years when it does not fill")),
        mark(gauge(metrics, "mark_percent", "The highest mark that is reached; 0: none")) {}

  Gauge& gauge(Metrics& metrics, const char* what, const char* help) const {
    return metrics.gauge(std::string("weir_volume_") + what, help, {{"volume", name}});
  }

  void look() {
    const Result<VolumeSpace> space = volume_space(folder);
    if (!space) {
      // A folder that is not there yet is made soon, or missed by whoever needs it.
      const bool news = space.error().code != ErrorCode::not_found;
      if (news && !std::exchange(told_unknown, true)) {
        log_warn("the volume's space is not known", {{"error", space.error().text()}});
      }
      return;
    }
    told_unknown = false;
    const VolumeMark* before = trend.mark();
    trend.take(steady_us(), *space);
    size.set(static_cast<std::int64_t>(space->bytes_total));
    free.set(static_cast<std::int64_t>(space->bytes_free));
    inodes.set(static_cast<std::int64_t>(space->inodes_free));
    growth.set(trend.growth_bytes_per_second());
    to_full.set(std::min(trend.seconds_to_full().value_or(kNeverSeconds), kNeverSeconds));
    mark.set(trend.mark() == nullptr ? 0 : trend.mark()->percent);
    if (trend.mark() != before) tell(*space);
  }

  void tell(const VolumeSpace& space) const {
    if (trend.mark() == nullptr) {
      log_info("there is room on the volume again",
               {{"volume", name}, {"folder", folder}, {"used_percent", trend.used_percent()}});
      return;
    }
    log_error("the volume fills up", {{"volume", name},
                                      {"folder", folder},
                                      {"used_percent", trend.used_percent()},
                                      {"mark_percent", trend.mark()->percent},
                                      {"free_bytes", static_cast<std::int64_t>(space.bytes_free)},
                                      {"growth_bytes_per_second", trend.growth_bytes_per_second()},
                                      {"remedy", trend.mark()->remedy}});
  }

  void run(const std::stop_token& stop) {
    while (!sleep_until_stop(stop, kLookEvery)) look();
  }

  const std::string folder, name;
  VolumeTrend trend;
  Gauge &size, &free, &inodes, &growth, &to_full, &mark;
  bool told_unknown = false;
  std::jthread thread;
};

VolumeWatch::VolumeWatch(std::string folder, std::string name, std::vector<VolumeMark> marks,
                         Metrics& metrics)
    : state_(
          std::make_unique<State>(std::move(folder), std::move(name), std::move(marks), metrics)) {
  state_->look();
  state_->thread =
      std::jthread([state = state_.get()](const std::stop_token& stop) { state->run(stop); });
}

VolumeWatch::~VolumeWatch() = default;

}  // namespace weir
