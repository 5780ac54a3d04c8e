// Nothing allocates an event once warm: counted by this binary's own operator new.
//
// Each test decodes one record some rounds to warm up, then counts over further rounds of records of
// the same size. Not one allocation is allowed, so neither is one an event.
#include "ingest/codec/codec.h"
#include "ingest/codec/log_line.h"
#include "ingest/stream/batch_filling.h"
#include "quota/aggregate.h"

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

namespace {

std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = alignment <= alignof(std::max_align_t) ? std::malloc(bytes == 0 ? 1 : bytes)
                                                        : std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes, 1); }
void* operator new[](std::size_t bytes) { return counted(bytes, 1); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace weir {
namespace {

constexpr int kRows = 1000;
constexpr std::int64_t kNow = 1'772'366'400'000'000;

IdentityKey test_key() { return *IdentityKey::from_secret("a secret of the tests, long enough"); }

// Two records of one size with other identities: neither the index of texts nor the arena may grow.
RequestBatch some_rows(char kind) {
  RequestBatch batch;
  IdentityKey key = test_key();
  const RequestRow::Quantity quantities[] = {{"tokens", 12}, {"images", 1}};
  for (int i = 0; i < kRows; ++i) {
    std::string id = std::string(1, kind) + std::to_string(100'000 + i);
    std::string subscription = "sub-" + std::to_string(i % 50);
    std::string path = "/v1/orders/" + id;
    RequestRow row;
    row.tenant = "acme";
    row.source = "gw-1";
    row.id = id;
    row.time = EventTime(kNow - i);
    row.subscription = subscription;
    row.quantities = quantities;
    row.api = "orders";
    row.route = "/v1/orders/{id}";
    row.method = "GET";
    row.status = 200;
    row.path = path;
    row.latency_us = 1000 + i;
    row.user_agent = "agent with \"quotes\" and \\";
    append_row(batch, row, key);
  }
  return batch;
}

template <class Round>
std::uint64_t allocations_of(Round round) {
  for (int i = 0; i < 6; ++i) round(i);
  std::uint64_t before = allocations.load();
  for (int i = 0; i < 20; ++i) round(i);
  return allocations.load() - before;
}

struct Case {
  std::string_view type;
  Sections sections;
};

class Allocations : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(each, Allocations,
                         testing::Values(Case{kJson, Sections::all}, Case{kJson, Sections::usage},
                                         Case{kNdjson, Sections::all},
                                         Case{kCloudEvent, Sections::all},
                                         Case{kPacked, Sections::all},
                                         Case{kPacked, Sections::usage}));

std::string encoded(std::string_view type, char kind) {
  RequestBatch batch = some_rows(kind);
  Encoder encoder(test_key());
  std::string bytes;
  if (type == kJson) encoder.json(batch, 0, batch.rows(), bytes);
  if (type == kNdjson) encoder.ndjson(batch, 0, batch.rows(), bytes);
  if (type == kCloudEvent) encoder.cloud_events(batch, 0, batch.rows(), bytes);
  if (type == kPacked) encoder.packed(batch, 0, batch.rows(), bytes);
  return bytes;
}

TEST_P(Allocations, of_a_decoder_are_none_once_warm) {
  const std::string records[] = {encoded(GetParam().type, 'a'), encoded(GetParam().type, 'b')};
  Decoder decoder(test_key());
  DecodeContext context;
  context.sections = GetParam().sections;
  context.latest = EventTime(kNow);
  RequestBatch batch;
  DecodeReport report;
  std::uint64_t rows = 0;
  std::uint64_t made = allocations_of([&](int i) {
    batch.clear();
    decoder.decode(GetParam().type, records[i % 2], context, batch, report);
    rows += batch.rows();
  });
  EXPECT_EQ(made, 0u);
  EXPECT_EQ(rows, 26u * kRows);
}

TEST(allocations, of_log_lines_are_none_once_warm) {
  auto decoder = LineDecoder::make({.subscription_from = "user"}, test_key());
  ASSERT_TRUE(decoder.ok());
  auto routes = RouteTemplates::make({"/users/{name}"});
  ASSERT_TRUE(routes.ok());
  LineContext context;
  context.tenant = "acme";
  context.source = "file";
  context.latest = EventTime(kNow);
  context.routes = &*routes;
  const std::string line =
      R"(192.0.2.17 - ada [01/Mar/2026:11:00:00 +0000] "GET /v1/orders/17?x=\x22 HTTP/1.1" 200 512 )"
      R"("https://example.org/" "a user agent with \"quotes\" in it" 0.123)";
  const std::string ids[] = {"id-1", "id-2"};
  RequestBatch batch;
  Rejection why;
  std::uint64_t made = allocations_of([&](int i) {
    batch.clear();
    for (int n = 0; n < 100; ++n) {
      context.id = ids[(i + n) % 2];
      ASSERT_TRUE(decoder->decode_line(line, context, batch, why)) << why.field;
    }
  });
  EXPECT_EQ(made, 0u);
}

// A commit batch of 1,000 rows of 50 subscriptions; a few allocations a batch would do no harm, one an
// event would.
TEST(allocations, of_aggregating_usage_are_none_once_warm) {
  Catalog catalog;
  catalog.tenants = {{"acme", ""}};
  catalog.meters = {{"acme", "requests", Meter::Aggregate::count, "", {}, kSinceAlwaysUs},
                    {"acme", "tokens", Meter::Aggregate::sum, "tokens", {}, kSinceAlwaysUs}};
  const Meters meters(1, catalog);
  CommitBatch batch;
  batch.rows = some_rows('a');
  batch.ranges.resize(1);
  batch.verdict.assign(kRows, Verdict::fresh);
  batch.range_of.assign(kRows, 0);
  batch.address.resize(kRows);
  batch.append_time.assign(kRows, AppendTime(kNow));
  Aggregator aggregator(std::chrono::minutes(15));
  Aggregated into;
  std::uint64_t made = allocations_of([&](int) { aggregator.aggregate(batch, meters, into); });
  EXPECT_EQ(made, 0u);
}

// Records of two producers with long names that take turns: their numbers prolong one run each. The
// batch is not committed meanwhile, so that what a commit allocates is not counted.
TEST(allocations, of_taking_producers_numbers_are_none_once_warm) {
  LoopOptions options;
  options.identity.folder = "/nowhere: nothing is sealed";
  BatchFilling filling(test_key(), Sections::usage, options);
  PartitionReader reader(PartitionId{0});
  reader.stage = Stage::live;
  Result<IdentityIndex> index = IdentityIndex::open(options.identity, 1, 0, {});
  ASSERT_TRUE(index.ok()) << index.error().text();
  reader.index.emplace(std::move(*index));
  reader.index->begin_at(0, true);
  const std::string producers[] = {"collector-in-the-north.0123456789abcdef",
                                   "collector-in-the-south.0123456789abcdef"};
  std::int64_t offset = 0;
  std::uint64_t made = allocations_of([&](int) {
    for (int n = 0; n < 1000; ++n, ++offset) {
      StreamRecord record{PartitionId{0}, Offset{offset}, AppendTime(kNow), kVoid, "", ""};
      record.origin = {producers[offset % 2], 1, offset / 2 + 1, 0, false};
      ASSERT_TRUE(filling.add(reader, record, 1));
    }
  });
  EXPECT_EQ(made, 0u);
  ASSERT_EQ(filling.finish().ranges[0].numbers.size(), 2u);
  EXPECT_EQ(filling.finish().ranges[0].numbers[0].to, 13'000);
}

TEST(allocations, of_copying_rows_between_batches_are_none_once_warm) {
  RequestBatch from = some_rows('a');
  RequestBatch to;
  std::uint64_t made = allocations_of([&](int) {
    to.clear();
    to.append(from, 10, 900);
    to.truncate(500);
    to.append(from, 0, 10);
  });
  EXPECT_EQ(made, 0u);
}

// The count would be zero for a counter that is not asked, too.
TEST(allocations, are_counted) {
  std::uint64_t before = allocations.load();
  delete new std::string(100, 'a');
  EXPECT_GE(allocations.load() - before, 2u);
}

}  // namespace
}  // namespace weir
