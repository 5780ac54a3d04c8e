#include "ingest/stream/log_observer.h"

#include <algorithm>

namespace weir {

PartitionReader* LogObserver::observe(const std::vector<PartitionReader*>& live,
                                      std::chrono::steady_clock::time_point now) {
  if (live.empty()) return nullptr;
  const auto share = options_.observe_interval / static_cast<std::int64_t>(live.size());
  if (now - last_ < share) return nullptr;
  last_ = now;
  PartitionReader& reader = *live[turn_++ % live.size()];
  const WallTime at = clock_.now();  // before the question: the answer is no older
  constexpr Micros kPatience = std::chrono::seconds(1);
  const Deadline deadline = Deadline::in(std::min(options_.call_timeout, kPatience));
  Result<LogBounds> bounds = source_.bounds(reader.partition, deadline);
  if (!bounds) return nullptr;
  if (!reader.observed) reader.observed = ObservedEnd{bounds->end, at};
  reader.log_end = bounds->end;
  return &reader;
}

}  // namespace weir
