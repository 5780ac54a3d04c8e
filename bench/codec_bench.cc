// What do the steps of a consumer cost by themselves, on one core and without a broker or a database?
// Decoding (what quota needs, and all), the identity index, the aggregation. Each prints events a
// second (items_per_second) over the same generated events, seed 1.
#include "base/digest.h"
#include "bench/must.h"
#include "ingest/codec/codec.h"
#include "ingest/collector/generate_events.h"
#include "ingest/identity/identity_index.h"
#include "quota/aggregate.h"

#include <benchmark/benchmark.h>
#include <filesystem>
#include <string>
#include <vector>

namespace weir::bench {
namespace {

constexpr std::size_t kRows = 8192;
constexpr std::int64_t kFromUs = 1'748'736'000 * kMicrosPerSecond;  // 2025-06-01T00:00:00Z
constexpr std::int64_t kSpanUs = 3600 * kMicrosPerSecond;

const IdentityKey& key() {
  static const IdentityKey made = must(IdentityKey::from_secret("the identity key of a bench"));
  return made;
}

const RequestBatch& events() {
  static const RequestBatch made = [] {
    GenerateOptions options;
    options.events = kRows;
    options.duplicates_ppm = options.late_ppm = options.poison_ppm = 0;
    options.customers = 1000;
    options.from = EventTime(kFromUs);
    options.to = EventTime(kFromUs + kSpanUs);
    EventGenerator generator(options, key());
    RequestBatch batch;
    std::vector<std::string> poison;
    generator.fill(batch, kRows, poison);
    return batch;
  }();
  return made;
}

void count(benchmark::State& state, std::size_t events_a_turn) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events_a_turn));
}

/// Decodes all of `records` a turn.
void decode(benchmark::State& state, std::string_view type, const std::vector<std::string>& records,
            Sections sections) {
  Decoder decoder(key());
  DecodeContext context;
  context.sections = sections;
  context.latest = EventTime(kFromUs + kSpanUs);
  RequestBatch rows;
  DecodeReport report;
  for (auto _ : state) {
    rows.clear();
    for (const std::string& record : records) {
      report.clear();
      decoder.decode(type, record, context, rows, report);
    }
    benchmark::DoNotOptimize(rows.rows());
  }
  if (rows.rows() != kRows) state.SkipWithError("events were lost");
  count(state, kRows);
}

void decode_json(benchmark::State& state, Sections sections) {
  Encoder encoder(key());
  std::vector<std::string> records(kRows);
  for (std::size_t row = 0; row < kRows; ++row) encoder.json(events(), row, row + 1, records[row]);
  decode(state, kJson, records, sections);
}

void decode_packed(benchmark::State& state, Sections sections) {
  Encoder encoder(key());
  std::vector<std::string> records(1);
  encoder.packed(events(), 0, kRows, records[0]);
  decode(state, kPacked, records, sections);
}

BENCHMARK_CAPTURE(decode_json, usage, Sections::usage);
BENCHMARK_CAPTURE(decode_json, all, Sections::all);
BENCHMARK_CAPTURE(decode_packed, usage, Sections::usage);
BENCHMARK_CAPTURE(decode_packed, all, Sections::all);

/// A fresh index takes `records` records of fresh identities; every other turn of the world is setup.
void classify_identities(benchmark::State& state) {
  const auto folder = std::filesystem::temp_directory_path() / ("weir-bench-" + random_hex(6));
  std::filesystem::create_directories(folder);
  IdentityOptions options;
  options.folder = folder;
  options.volume_id = "bench";
  const auto records = static_cast<std::int64_t>(state.range(0));
  std::vector<std::uint32_t> row(kRows);
  for (std::uint32_t i = 0; i < kRows; ++i) row[i] = i;
  std::vector<Identity> identity = events().identity;
  std::vector<Verdict> verdict(kRows);
  std::uint64_t salt = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto index = std::make_unique<IdentityIndex>(must(IdentityIndex::open(options, 1, 0, {})));
    index->begin_at(0, true);
    state.ResumeTiming();
    for (std::int64_t offset = 0; offset < records; ++offset) {
      ++salt;
      for (Identity& each : identity) each.high += salt * 0x9e3779b97f4a7c15ULL;
      must(index->classify(offset, AppendTime(kFromUs + kSpanUs), identity, events().time, row,
                           verdict));
    }
    benchmark::DoNotOptimize(verdict.data());
    state.PauseTiming();
    index.reset();
    state.ResumeTiming();
  }
  if (verdict.back() != Verdict::fresh) state.SkipWithError("a fresh event was taken for a copy");
  count(state, kRows * static_cast<std::size_t>(records));
  std::filesystem::remove_all(folder);
}
BENCHMARK(classify_identities)->Arg(1)->Arg(32)->ArgName("records");

Catalog catalog_of(const RequestBatch& rows) {
  Catalog catalog;
  const Dictionary& tenants = rows.tenant.dictionary();
  for (Dictionary::Code code = 0; code < tenants.size(); ++code) {
    for (const std::string_view name : kGeneratedMeters) {
      Meter meter;
      meter.tenant = tenants.text_of(code);
      meter.id = name;
      if (name != kGeneratedMeters.front()) {
        meter.aggregate = Meter::Aggregate::sum;
        meter.quantity = name;
      }
      catalog.meters.push_back(std::move(meter));
    }
  }
  return catalog;
}

void aggregate_usage(benchmark::State& state) {
  CommitBatch batch;
  batch.ranges.resize(1);
  batch.rows = events();
  for (std::uint32_t row = 0; row < kRows; ++row) {
    batch.verdict.push_back(Verdict::fresh);
    batch.range_of.push_back(0);
    batch.address.push_back({Incarnation{1}, Offset{0}, row});
    batch.append_time.push_back(AppendTime(kFromUs + kSpanUs));
  }
  const Meters meters(1, catalog_of(batch.rows));
  Aggregator aggregator(std::chrono::minutes(15));
  Aggregated out;
  for (auto _ : state) {
    aggregator.aggregate(batch, meters, out);
    benchmark::DoNotOptimize(out.deltas.size());
  }
  if (out.deltas.size() == 0) state.SkipWithError("nothing was counted");
  count(state, kRows);
}
BENCHMARK(aggregate_usage);

}  // namespace
}  // namespace weir::bench

BENCHMARK_MAIN();
