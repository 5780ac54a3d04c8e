// The whole test binary counts its allocations, so that "no allocation per event" is measured.
#include "analytics/rollup.h"
#include "ingest/event/request_batch.h"

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>
#include <numeric>

namespace {
std::atomic<std::int64_t> allocations{0};
}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace weir {
namespace {

TEST(RollupAllocation, a_warm_rollup_allocates_nothing_for_any_number_of_events) {
  Result<IdentityKey> key = IdentityKey::from_secret("a secret of sixteen bytes or more");
  RequestBatch batch;
  for (int i = 0; i < 20'000; ++i) {
    RequestRow row;
    row.tenant = "acme";
    row.source = "gw-1";
    row.id = "x";
    row.route = i % 2 ? "/a" : "/b";
    row.time = EventTime(i * kMicrosPerSecond / 10);
    row.latency_us = i % 5000;
    append_row(batch, row, *key);
  }
  std::vector<std::uint32_t> rows(batch.rows());
  std::iota(rows.begin(), rows.end(), 0u);
  Rollup rollup(1000, 1000);
  rollup.add(batch, rows);
  rollup.clear();
  std::int64_t before = allocations.load();
  rollup.add(batch, rows);
  EXPECT_EQ(allocations.load() - before, 0);
  EXPECT_GT(rollup.groups(), 60u);
}

}  // namespace
}  // namespace weir
