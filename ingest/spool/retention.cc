#include "ingest/spool/retention.h"

#include <algorithm>

namespace weir {
namespace {

using Oldest = std::span<const OldestSegment>;

/// The least newest record among those that `may_go`.
template <class MayGo>
std::optional<std::size_t> oldest_of(Oldest oldest, const MayGo& may_go) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < oldest.size(); ++i) {
    const OldestSegment& one = oldest[i];
    if (one.stuck || !one.has_any || !may_go(one)) continue;
    if (!found || one.newest < oldest[*found].newest) found = i;
  }
  return found;
}

}  // namespace

std::optional<std::size_t> next_to_go(Oldest oldest, const Retention& retention, std::int64_t bytes,
                                      AppendTime now) {
  if (retention.age > Micros{0}) {
    const AppendTime since = now - retention.age.count();
    const auto aged = oldest_of(
        oldest, [&](const OldestSegment& one) { return !one.held && one.newest < since; });
    if (aged) return aged;
  }
  const std::int64_t hard = std::min(retention.held_bytes_max, retention.volume_bytes_max);
  const std::int64_t soft = std::min(retention.bytes, hard);
  const auto exceeds = [&](std::int64_t bound) { return bytes > bound - retention.room; };
  if (!exceeds(soft)) return std::nullopt;
  const auto unneeded =
      oldest_of(oldest, [](const OldestSegment& one) { return !one.held && !one.small; });
  if (unneeded || !exceeds(hard)) return unneeded;
  return oldest_of(oldest, [](const OldestSegment& one) { return !one.small; });
}

void add_range(std::vector<Dropped::Range>& ranges, const Dropped::Range& next) {
  const auto known = std::find_if(ranges.begin(), ranges.end(), [&](const Dropped::Range& range) {
    return range.partition == next.partition;
  });
  if (known == ranges.end()) {
    ranges.push_back(next);
    return;
  }
  known->to = next.to;
  known->bytes += next.bytes;
}

std::int64_t bytes_on_volume(const VolumeSpace& volume, int free_percent, std::int64_t log_bytes) {
  const auto total = static_cast<std::int64_t>(volume.bytes_total);
  const auto free = static_cast<std::int64_t>(volume.bytes_free);
  const std::int64_t floor = total / 100 * free_percent;
  if (free >= floor) return kNoBound;
  return std::max<std::int64_t>(0, log_bytes - (floor - free));
}

}  // namespace weir
