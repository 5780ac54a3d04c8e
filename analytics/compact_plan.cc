#include "analytics/compact.h"

#include <map>
#include <tuple>

namespace weir {
namespace {

constexpr std::int64_t kDayUs = 24 * 3600 * kMicrosPerSecond;
constexpr std::int64_t kMixedDays = -1'000'000;
constexpr std::size_t kFilesMax = 64;  // of one merge

std::int64_t day_of(std::int64_t time_us) {
  std::int64_t day = time_us / kDayUs;
  return time_us % kDayUs < 0 ? day - 1 : day;
}

std::int64_t day_of(std::int64_t min_us, std::int64_t max_us) {
  return day_of(min_us) == day_of(max_us) ? day_of(min_us) : kMixedDays;
}

}  // namespace

// Levels keep the work logarithmic: a row is written again once a level. Once its day is over,
// levels no longer matter and all small files of the day become one.
std::vector<std::vector<DataFile>> due_merges(const std::vector<DataFile>& files,
                                              const CompactOptions& options, std::int64_t now_us) {
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t>, std::vector<DataFile>> groups;
  std::vector<std::vector<DataFile>> due;
  std::int64_t today = day_of(now_us);
  for (const DataFile& file : files) {
    if (file.bytes >= options.merged_bytes_max) continue;
    std::int64_t append_day = day_of(file.append_min_us, file.append_max_us);
    bool over = append_day != kMixedDays && append_day < today;
    std::int64_t level = over ? -1 : file.level;
    groups[{day_of(file.event_min_us, file.event_max_us), append_day, level}].push_back(file);
  }
  for (const auto& [key, members] : groups) {
    std::size_t least = std::get<2>(key) < 0 ? 2 : static_cast<std::size_t>(options.fan_in);
    std::vector<DataFile> group;
    std::int64_t bytes = 0;
    auto close = [&] {
      if (group.size() >= least) due.push_back(group);
      group.clear();
      bytes = 0;
    };
    for (const DataFile& file : members) {
      if (group.size() == kFilesMax || bytes + file.bytes > options.merged_bytes_max) close();
      group.push_back(file);
      bytes += file.bytes;
    }
    close();
  }
  return due;
}

}  // namespace weir
