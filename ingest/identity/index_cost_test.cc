// What the index costs: allocations, bytes in memory. (What it costs in time, benches ask.)
#include "ingest/identity/index_fixture.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::int64_t> allocations{0};
}

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* at = std::malloc(size)) return at;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t align) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  auto alignment = static_cast<std::size_t>(align);
  if (void* at = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)) {
    return at;
  }
  throw std::bad_alloc();
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
void operator delete(void* at, std::align_val_t) noexcept { std::free(at); }
void operator delete(void* at, std::size_t, std::align_val_t) noexcept { std::free(at); }

namespace weir {
namespace {

constexpr std::int64_t kStart = 1000 * kHour;
constexpr std::size_t kRows = 1000;

class Cost : public IndexTest {
 protected:
  /// One record of kRows new identities.
  void classify(std::int64_t offset) {
    for (std::size_t i = 0; i < kRows; ++i) {
      identity_[i] = id_of(static_cast<std::uint64_t>(offset) * kRows + i);
      row_[i] = static_cast<std::uint32_t>(i);
    }
    ASSERT_TRUE(
        consumer_.index->classify(offset, AppendTime(kStart), identity_, time_, row_, out_).ok());
    consumer_.index->advance_to(offset + 1, AppendTime(kStart));
  }
  std::vector<Identity> identity_{kRows};
  std::vector<EventTime> time_{kRows, EventTime(kStart)};
  std::vector<std::uint32_t> row_ = std::vector<std::uint32_t>(kRows);
  std::vector<Verdict> out_{kRows};
};

TEST_F(Cost, classifying_allocates_nothing_but_to_grow) {
  for (std::int64_t offset = 0; offset < 110; ++offset) classify(offset);
  auto sealed = consumer_.index->seal(110, true);
  ASSERT_TRUE(sealed.ok() && *sealed);
  ASSERT_TRUE(consumer_.index->named(**sealed).ok());
  // The table has room for as many again, and a sealed file is asked.
  for (std::int64_t offset = 110; offset < 120; ++offset) classify(offset);
  std::int64_t before = allocations.load();
  for (std::int64_t offset = 120; offset < 200; ++offset) classify(offset);
  EXPECT_EQ(allocations.load() - before, 0);
}

TEST_F(Cost, open_generation_is_due_before_it_outgrows_its_bytes) {
  consumer_.options.open_bytes_max = 4 << 20;
  consumer_.start();
  std::int64_t offset = 0;
  for (; offset < 1000; ++offset) {
    classify(offset);
    auto sealed = consumer_.index->seal(offset + 1, false);
    ASSERT_TRUE(sealed.ok());
    if (*sealed) break;
  }
  EXPECT_LT(offset, 1000);
  EXPECT_LE(consumer_.index->open_bytes(), std::size_t{2} * (4 << 20))
      << "one record above at most";
}

}  // namespace
}  // namespace weir
