// The generator: the same seed gives the same events, and they come to what it says.
#include "ingest/collector/generate.h"

#include "base/digest.h"
#include "ingest/codec/codec.h"
#include "ingest/collector/generate_events.h"
#include "ingest/collector/generate_output.h"
#include "ingest/collector/generate_report.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>

namespace weir {
namespace {

constexpr std::int64_t kDay = 86'400 * kMicrosPerSecond;

IdentityKey test_key() { return *IdentityKey::from_secret("a secret of thirty-two bytes, or so"); }

GenerateOptions small() {
  GenerateOptions options;
  options.events = 20'000;
  options.seed = 7;
  options.from = EventTime(20'000 * kDay);
  options.to = EventTime(20'001 * kDay);
  return options;
}

struct Generated {
  RequestBatch rows;
  std::vector<std::string> poison;
  ExpectedTotals totals;
};
Generated generate(const GenerateOptions& options, std::size_t rows_at_once = 1000) {
  IdentityKey key = test_key();
  EventGenerator generator(options, key);
  Generated all;
  RequestBatch batch;
  for (bool more = true; more;) {
    batch.clear();
    more = generator.fill(batch, rows_at_once, all.poison);
    all.rows.append(batch, 0, batch.rows());
  }
  all.totals = generator.totals();
  return all;
}

/// What a consumer that drops copies would count: a set and loops.
using Counted = std::map<std::tuple<std::string, std::string, std::string, std::int64_t>,
                         std::int64_t>;  // tenant, subscription, meter, bucket
Counted count_once(const RequestBatch& rows, std::int64_t bucket_us) {
  Counted counted;
  std::set<Identity> seen;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    if (!seen.insert(rows.identity[i]).second) continue;
    std::string tenant(rows.tenant.at(i)), subscription(rows.subscription.at(i));
    std::int64_t bucket = rows.time[i].value / bucket_us * bucket_us;
    counted[{tenant, subscription, "requests", bucket}] += 1;
    counted[{tenant, subscription, "units", bucket}] += rows.units[i];
    for (std::uint32_t q = rows.quantities.begin(i); q < rows.quantities.end(i); ++q) {
      std::string name(rows.quantities.names().text_of(rows.quantities.name_code(q)));
      counted[{tenant, subscription, name, bucket}] += rows.quantities.value(q);
    }
  }
  return counted;
}
Counted as_counted(const ExpectedTotals& totals) {
  Counted counted;
  for (const ExpectedTotals::Subscription& owner : totals.subscriptions) {
    for (const auto& [bucket, amounts] : owner.buckets) {
      for (std::size_t meter = 0; meter < kGeneratedMeters.size(); ++meter) {
        if (amounts.of[meter] == 0) continue;
        counted[{owner.tenant, owner.id, std::string(kGeneratedMeters[meter]), bucket}] =
            amounts.of[meter];
      }
    }
  }
  return counted;
}

TEST(Generate, totals_are_what_a_consumer_that_drops_copies_counts) {
  GenerateOptions options = small();
  options.duplicates_ppm = 50'000;
  Generated all = generate(options);
  EXPECT_EQ(as_counted(all.totals), count_once(all.rows, options.bucket_us));
  EXPECT_EQ(static_cast<std::int64_t>(all.rows.rows()), all.totals.events + all.totals.duplicates);
  EXPECT_EQ(static_cast<std::int64_t>(all.poison.size()), all.totals.poison);
  EXPECT_EQ(all.totals.events, options.events);
}

TEST(Generate, same_seed_gives_the_same_events_whatever_the_batch) {
  GenerateOptions options = small();
  Generated one = generate(options, 1000);
  Generated other = generate(options, 777);
  EXPECT_EQ(one.rows.identity, other.rows.identity);
  EXPECT_EQ(one.rows.time, other.rows.time);
  EXPECT_EQ(one.poison, other.poison);
  EXPECT_EQ(totals_json(one.totals), totals_json(other.totals));
  options.seed = 8;
  EXPECT_NE(generate(options).rows.identity, one.rows.identity);
}

TEST(Generate, events_of_a_seed_are_the_same_on_every_machine) {
  GenerateOptions options = small();
  options.events = 500;
  EXPECT_EQ(sha256_hex(totals_json(generate(options).totals)),
            "8f18a03fad23d5c255413eea73199280fa564318af261fa6fe8c94ea93d786cc");
}

TEST(Generate, shares_are_about_what_was_asked_for) {
  GenerateOptions options = small();
  options.duplicates_ppm = 100'000;
  options.late_ppm = 50'000;
  options.poison_ppm = 20'000;
  ExpectedTotals totals = generate(options).totals;
  EXPECT_NEAR(static_cast<double>(totals.duplicates), 2000, 300);
  EXPECT_NEAR(static_cast<double>(totals.late), 1000, 200);
  EXPECT_NEAR(static_cast<double>(totals.poison), 400, 120);
  EXPECT_NEAR(static_cast<double>(totals.restamped), 500, 150);
}

TEST(Generate, shares_of_nothing_give_nothing) {
  GenerateOptions options = small();
  options.duplicates_ppm = options.late_ppm = options.poison_ppm = 0;
  ExpectedTotals totals = generate(options).totals;
  EXPECT_EQ(totals.received(), totals.events);
  EXPECT_EQ(totals.late, 0);
}

TEST(Generate, event_times_lie_in_their_span) {
  GenerateOptions options = small();
  options.late_ppm = 200'000;
  Generated all = generate(options);
  for (EventTime time : all.rows.time) {
    EXPECT_GE(time, options.from);
    EXPECT_LT(time, options.to);
  }
}

TEST(Generate, copies_come_after_what_they_copy_and_some_bear_a_new_time) {
  GenerateOptions options = small();
  options.duplicates_ppm = 200'000;
  Generated all = generate(options);
  std::map<Identity, std::size_t> first;
  std::int64_t copies = 0, restamped = 0;
  for (std::size_t i = 0; i < all.rows.rows(); ++i) {
    auto [place, fresh] = first.try_emplace(all.rows.identity[i], i);
    if (fresh) continue;
    ++copies;
    restamped += all.rows.time[i] != all.rows.time[place->second] ? 1 : 0;
    EXPECT_EQ(all.rows.subscription.at(i), all.rows.subscription.at(place->second));
    EXPECT_EQ(all.rows.units[i], all.rows.units[place->second]);
  }
  EXPECT_EQ(copies, all.totals.duplicates);
  EXPECT_GT(restamped, 0);
}

TEST(Generate, few_customers_make_most_of_the_traffic) {
  GenerateOptions options = small();
  options.customers = 100;
  ExpectedTotals totals = generate(options).totals;
  std::int64_t first_ten = 0;
  for (std::size_t i = 0; i < 14; ++i) first_ten += totals.subscriptions[i].sum.of[0];
  EXPECT_GT(first_ten, options.events / 2);
}

TEST(Generate, every_poison_body_is_refused_and_costs_no_row) {
  IdentityKey key = test_key();
  Decoder decoder(key);
  DecodeContext context;
  context.latest = EventTime(30'000 * kDay);
  for (std::uint64_t dice = 0; dice < 9; ++dice) {
    for (std::string_view type : {kJson, kNdjson}) {
      RequestBatch batch;
      DecodeReport report;
      std::string body = poison_body(dice, 5);
      EXPECT_EQ(body.find('\n'), std::string::npos);
      decoder.decode(type, body, context, batch, report);
      EXPECT_EQ(batch.rows(), 0u) << body;
      EXPECT_EQ(report.rejections.size(), 1u) << body;
    }
  }
}

/// Keeps what is appended, and fails when told to.
class KeepingSink : public RecordSink {
 public:
  struct Kept {
    PartitionId partition;
    std::string content_type, value;
  };
  std::vector<Kept> records;
  int failures = 0;

  Result<std::vector<Appended>> append(std::span<const OutRecord> out, Deadline) override {
    if (failures > 0) {
      --failures;
      return Error{ErrorCode::unavailable, "the stream is away", ""};
    }
    for (const OutRecord& record : out) {
      records.push_back(
          {record.partition, std::string(record.content_type), std::string(record.value)});
    }
    return std::vector<Appended>(out.size());
  }
  Result<std::int32_t> partition_count(Deadline) override { return 4; }
};

/// All rows that were appended; each must stand in its partition.
RequestBatch read_all(const KeepingSink& sink, const IdentityKey& key, std::int64_t* refused) {
  RequestBatch rows;
  Decoder decoder(key);
  DecodeContext context;
  context.latest = EventTime(30'000 * kDay);
  for (const KeepingSink::Kept& record : sink.records) {
    DecodeReport report;
    std::size_t before = rows.rows();
    decoder.decode(record.content_type, record.value, context, rows, report);
    *refused += static_cast<std::int64_t>(report.rejections.size());
    for (std::size_t i = before; i < rows.rows(); ++i) {
      EXPECT_EQ(partition_of(rows.subscription.at(i), 4), record.partition);
    }
  }
  return rows;
}

class GenerateTo : public testing::TestWithParam<GenerateFormat> {};

TEST_P(GenerateTo, stream_holds_every_event_in_its_partition_and_the_first_copy_first) {
  KeepingSink sink;
  sink.failures = 1;  // is tried again
  IdentityKey key = test_key();
  GenerateOptions options = small();
  options.events = 3000;
  options.format = GetParam();
  options.duplicates_ppm = 100'000;
  options.poison_ppm = 10'000;
  testing::internal::CaptureStdout();
  ASSERT_EQ(run_generate(options, &sink, key, {}), ExitCode::done);
  std::string table = testing::internal::GetCapturedStdout();

  std::int64_t refused = 0;
  RequestBatch rows = read_all(sink, key, &refused);
  Generated expected = generate(options);
  EXPECT_EQ(count_once(rows, options.bucket_us), as_counted(expected.totals));
  EXPECT_EQ(refused, expected.totals.poison);
  EXPECT_EQ(static_cast<std::int64_t>(rows.rows()) + refused, expected.totals.received());
  EXPECT_EQ(table, totals_table(expected.totals));
}
INSTANTIATE_TEST_SUITE_P(Formats, GenerateTo,
                         testing::Values(GenerateFormat::mixed, GenerateFormat::json,
                                         GenerateFormat::packed));

TEST(Generate, file_holds_a_line_for_each_event_and_each_poison) {
  std::string path = std::filesystem::temp_directory_path() / ("weir-generate-" + random_hex(8));
  GenerateOptions options = small();
  options.events = 2000;
  options.out = path;
  options.format = GenerateFormat::ndjson;
  options.json = true;
  IdentityKey key = test_key();
  testing::internal::CaptureStdout();
  ASSERT_EQ(run_generate(options, nullptr, key, {}), ExitCode::done);
  std::string json = testing::internal::GetCapturedStdout();
  std::ifstream in(path, std::ios::binary);
  std::int64_t lines = 0;
  for (std::string line; std::getline(in, line);) ++lines;
  std::filesystem::remove(path);
  Generated expected = generate(options);
  EXPECT_EQ(lines, expected.totals.received());
  EXPECT_EQ(json, totals_json(expected.totals));
}

TEST(Generate, nowhere_to_write_is_said) {
  IdentityKey key = test_key();
  EXPECT_NE(run_generate(small(), nullptr, key, {}), ExitCode::done);
  GenerateOptions options = small();
  options.out = "/proc/there/is/no/such/folder";
  EXPECT_NE(run_generate(options, nullptr, key, {}), ExitCode::done);
}

TEST(Generate, arguments_are_read_and_checked) {
  ManualClock clock(WallTime(20'000 * kDay + 123'456));
  GenerateArguments arguments;
  arguments.duplicates_percent = "2.5";
  auto options = read_generate(arguments, clock);
  ASSERT_TRUE(options.ok()) << options.error().text();
  EXPECT_EQ(options->duplicates_ppm, 25'000);
  EXPECT_EQ(options->poison_ppm, 1'000);
  EXPECT_EQ(options->to, EventTime(20'000 * kDay));
  EXPECT_EQ(options->from, EventTime(20'000 * kDay - 3600 * kMicrosPerSecond));

  using Change = void (*)(GenerateArguments&);
  for (Change change : std::vector<Change>{
           [](GenerateArguments& a) { a.duplicates_percent = "101"; },
           [](GenerateArguments& a) { a.duplicates_percent = "-1"; },
           [](GenerateArguments& a) { a.late_percent = "1."; },
           [](GenerateArguments& a) { a.poison_percent = "0.00001"; },
           [](GenerateArguments& a) { a.poison_percent = "x"; },
           [](GenerateArguments& a) { a.events = 0; },
           [](GenerateArguments& a) { a.customers = 0; },
           [](GenerateArguments& a) { a.seed = -1; },
           [](GenerateArguments& a) { a.from = "yesterday"; },
           [](GenerateArguments& a) { a.from = "2200-01-01T00:00:00Z"; },
           [](GenerateArguments& a) { a.bucket = "0s"; },
           [](GenerateArguments& a) { a.format = "xml"; },
           [](GenerateArguments& a) { a.format = "ndjson"; },
           [](GenerateArguments& a) { a.out = "f", a.format = "packed"; },
       }) {
    GenerateArguments wrong;
    change(wrong);
    EXPECT_FALSE(read_generate(wrong, clock).ok());
  }
}

}  // namespace
}  // namespace weir
