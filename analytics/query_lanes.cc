#include "analytics/query_lanes.h"

#include <algorithm>
#include <optional>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace weir {
namespace {

constexpr int kHeavyNice = 10;  // more than the process has
constexpr int kNiceMost = 19;
constexpr std::int64_t kLightShare = 4;  // a quarter of memory and disk

/// Runs it on a thread of low priority. Threads that this one starts inherit that; one cannot go back
/// up without a privilege, so the thread is made for this alone.
void at_low_priority(const std::function<void()>& what) {
  std::thread thread([&] {
    // Where it is refused, heavy work has the priority of all other: slower for them, not wrong.
    const auto self = static_cast<id_t>(::gettid());
    const int now = ::getpriority(PRIO_PROCESS, self);
    (void)::setpriority(PRIO_PROCESS, self, std::min(kNiceMost, now + kHeavyNice));
    what();
  });
  thread.join();
}

Status work_in(DuckDb& database, const QueryLanes::Work& work) {
  Result<DuckConnection> connection = database.connect();
  if (!connection) return connection.error();
  return work(*connection);
}

}  // namespace

Result<QueryLanes> QueryLanes::open(const DuckOptions& whole, std::int64_t heavy_rows) {
  DuckOptions light = whole, heavy = whole;
  light.memory_bytes_max = whole.memory_bytes_max / kLightShare;
  light.temp_bytes_max = whole.temp_bytes_max / kLightShare;
  heavy.memory_bytes_max = whole.memory_bytes_max - light.memory_bytes_max;
  heavy.temp_bytes_max = whole.temp_bytes_max - light.temp_bytes_max;
  Result<DuckDb> for_light = DuckDb::open(light);
  if (!for_light) return for_light.error();
  std::optional<Result<DuckDb>> for_heavy;
  at_low_priority([&] { for_heavy.emplace(DuckDb::open(heavy)); });
  if (!*for_heavy) return for_heavy->error();
  return QueryLanes(*std::move(for_light), **std::move(for_heavy), heavy_rows);
}

Status QueryLanes::work(std::int64_t rows, const Work& work) {
  if (heavy_rows_ == 0 || rows <= heavy_rows_) return work_in(light_, work);
  Status done;
  at_low_priority([&] { done = work_in(heavy_, work); });
  return done;
}

}  // namespace weir
