#include "quota/aggregate.h"

#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <rapidcheck.h>
#include <tuple>

namespace weir {
namespace {

constexpr Micros kBucket = std::chrono::minutes(15);
constexpr std::int64_t kBucketUs = 900'000'000;

const IdentityKey& key() {
  static const IdentityKey made = *IdentityKey::from_secret("a secret of sixteen bytes or more");
  return made;
}

Meter count_meter(const std::string& tenant, const std::string& id) {
  Meter meter;
  meter.tenant = tenant;
  meter.id = id;
  return meter;
}

Meter sum_meter(const std::string& tenant, const std::string& id, const std::string& quantity) {
  Meter meter = count_meter(tenant, id);
  meter.aggregate = Meter::Aggregate::sum;
  meter.quantity = quantity;
  return meter;
}

/// (tenant, subscription, meter, bucket) → units.
using Sums =
    std::map<std::tuple<std::string, std::string, std::string, std::int64_t>, std::int64_t>;

class AggregateTest : public ::testing::Test {
 protected:
  AggregateTest() { batch_.ranges.resize(1); }

  void add(RequestRow row, Verdict verdict = Verdict::fresh) {
    if (row.source.empty()) row.source = "s";
    if (row.id.empty()) row.id = "i";
    append_row(batch_.rows, row, key(), Sections::usage);
    batch_.verdict.push_back(verdict);
    batch_.range_of.push_back(0);
    batch_.address.push_back({Incarnation{1}, Offset{5}, 2});
    batch_.append_time.push_back(AppendTime{row.time.value});
  }
  static RequestRow event(std::string_view subscription, std::int64_t time_us = 0) {
    RequestRow row;
    row.tenant = "acme";
    row.subscription = subscription;
    row.time = EventTime{time_us};
    return row;
  }
  const Aggregated& aggregate() {
    meters_.emplace(7, catalog_);
    aggregator_.aggregate(batch_, *meters_, out_);
    return out_;
  }
  Sums sums() {
    aggregate();
    Sums all;
    for (std::size_t i = 0; i < out_.deltas.size(); ++i) {
      const UsageDeltas& d = out_.deltas;
      const auto [entry, fresh] =
          all.emplace(std::tuple(std::string(d.tenant[i]), std::string(d.subscription[i]),
                                 std::string(d.meter[i]), d.bucket_us[i]),
                      d.units[i]);
      EXPECT_TRUE(fresh) << "one row a key";
      EXPECT_EQ(entry, std::prev(all.end())) << "sorted by key";
    }
    return all;
  }

  Catalog catalog_;
  CommitBatch batch_;
  std::optional<Meters> meters_;
  Aggregator aggregator_{kBucket};
  Aggregated out_;
};

TEST_F(AggregateTest, counts_events_by_subscription_and_bucket) {
  catalog_.meters = {count_meter("acme", "requests")};
  add(event("b", kBucketUs));
  add(event("a", 1));
  add(event("a", kBucketUs - 1));
  add(event("a", kBucketUs));
  EXPECT_EQ(sums(), (Sums{{{"acme", "a", "requests", 0}, 2},
                          {{"acme", "a", "requests", kBucketUs}, 1},
                          {{"acme", "b", "requests", kBucketUs}, 1}}));
  EXPECT_EQ(out_.catalog_version, 7);
}

TEST_F(AggregateTest, times_before_the_epoch_have_buckets_too) {
  EXPECT_EQ(bucket_start(EventTime{-1}, kBucket), -kBucketUs);
  EXPECT_EQ(bucket_start(EventTime{-kBucketUs}, kBucket), -kBucketUs);
}

TEST_F(AggregateTest, sums_units_and_named_quantities) {
  catalog_.meters = {sum_meter("acme", "units", "units"), sum_meter("acme", "tokens", "tokens"),
                     sum_meter("acme", "never", "never")};
  const RequestRow::Quantity both[] = {{"other", 9}, {"tokens", 40}};
  RequestRow row = event("a");
  row.units = 3;
  row.quantities = both;
  add(row);
  add(event("a"));
  EXPECT_EQ(sums(), (Sums{{{"acme", "a", "units", 0}, 4}, {{"acme", "a", "tokens", 0}, 40}}));
}

TEST_F(AggregateTest, a_filter_must_pass_whole) {
  Meter meter = count_meter("acme", "paid");
  meter.filter = {"orders", "/v1/orders/{id}", "GET", 200, 299};
  catalog_.meters = {meter};
  RequestRow right = event("a");
  right.api = "orders", right.route = "/v1/orders/{id}", right.method = "GET", right.status = 204;
  add(right);
  for (int wrong = 0; wrong < 4; ++wrong) {
    RequestRow row = right;
    if (wrong == 0) row.api = "others";
    if (wrong == 1) row.route = "/v1/orders";
    if (wrong == 2) row.method = "POST";
    if (wrong == 3) row.status = 300;
    add(row);
  }
  EXPECT_EQ(sums(), (Sums{{{"acme", "a", "paid", 0}, 1}}));
}

TEST_F(AggregateTest, a_text_that_the_batch_does_not_hold_matches_nothing) {
  Meter meter = count_meter("acme", "paid");
  meter.filter.api = "absent";
  catalog_.meters = {meter};
  add(event("a"));
  EXPECT_TRUE(sums().empty());
}

TEST_F(AggregateTest, R3_the_meter_version_is_chosen_by_event_time) {
  Meter old_version = count_meter("acme", "m");
  Meter new_version = sum_meter("acme", "m", "units");
  new_version.from_us = kBucketUs;
  catalog_.meters = {new_version, old_version};
  for (std::int64_t time : {kBucketUs - 1, kBucketUs}) {
    RequestRow row = event("a", time);
    row.units = 10;
    add(row);
  }
  EXPECT_EQ(sums(), (Sums{{{"acme", "a", "m", 0}, 1}, {{"acme", "a", "m", kBucketUs}, 10}}));
}

TEST_F(AggregateTest, each_tenant_has_its_own_meters) {
  catalog_.meters = {count_meter("acme", "requests"), count_meter("other", "calls")};
  add(event("a"));
  RequestRow other = event("a");
  other.tenant = "other";
  add(other);
  RequestRow nobody = event("a");
  nobody.tenant = "nobody";
  add(nobody);
  EXPECT_EQ(sums(), (Sums{{{"acme", "a", "requests", 0}, 1}, {{"other", "a", "calls", 0}, 1}}));
}

TEST_F(AggregateTest, only_fresh_rows_with_a_subscription_count) {
  catalog_.meters = {count_meter("acme", "requests")};
  add(event("a"));
  add(event("a"), Verdict::duplicate);
  add(event(""));
  add(event("a"), Verdict::unprovable);
  add(event(""), Verdict::unprovable);
  EXPECT_EQ(sums(), (Sums{{{"acme", "a", "requests", 0}, 1}}));
  EXPECT_EQ(out_.unsubscribed, std::vector<std::int64_t>{1});
  ASSERT_EQ(out_.unprovable.size(), 1u);
  EXPECT_EQ(out_.unprovable[0].meters, std::vector<std::string_view>{"requests"});
  EXPECT_EQ(out_.unprovable[0].address, batch_.address[3]);
}

TEST_F(AggregateTest, a_sum_that_leaves_64_bits_is_held_and_named) {
  catalog_.meters = {sum_meter("acme", "units", "units")};
  RequestRow row = event("a");
  row.units = std::int64_t{1} << 53;
  for (int i = 0; i < 1025; ++i) add(row);
  EXPECT_EQ(sums(), (Sums{{{"acme", "a", "units", 0}, INT64_MAX}}));
  EXPECT_EQ(out_.overflowed, std::vector<std::string>{"acme/a/units at 1970-01-01T00:00:00Z"});
}

TEST_F(AggregateTest, rows_before_closed_until_are_counted_as_adjusted) {
  catalog_.meters = {count_meter("acme", "requests")};
  add(event("a", kBucketUs - 1));
  add(event("a", kBucketUs));
  add(event("", 0));
  add(event("a", 0), Verdict::duplicate);
  EXPECT_EQ(count_adjusted(batch_, kBucketUs), std::vector<std::int64_t>{1});
}

// Two implementations check each other: hash tables and codes against a map of strings.
TEST_F(AggregateTest, agrees_with_a_map_of_strings_whatever_the_rows) {
  Meter filtered = sum_meter("t1", "filtered", "units");
  filtered.filter.status_to = 299;
  catalog_.meters = {count_meter("t0", "all"), count_meter("t1", "all"), filtered};
  EXPECT_TRUE(rc::check([&] {
    batch_.clear();
    batch_.ranges.resize(1);
    Sums expected;
    const auto rows = *rc::gen::container<std::vector<std::tuple<int, int, int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 2), rc::gen::inRange(0, 30), rc::gen::inRange(0, 3),
                       rc::gen::inRange(0, 9), rc::gen::inRange(200, 400)));
    for (const auto& [tenant, name, bucket, units, status] : rows) {
      const std::string t = "t" + std::to_string(tenant), s = "s" + std::to_string(name);
      RequestRow row = event(s, bucket * kBucketUs + units);
      row.tenant = t;
      row.units = units;
      row.status = static_cast<std::uint16_t>(status);
      add(row);
      ++expected[{t, s, "all", bucket * kBucketUs}];
      if (tenant == 1 && status <= 299 && units > 0) {
        expected[{t, s, "filtered", bucket * kBucketUs}] += units;
      }
    }
    RC_ASSERT(sums() == expected);
  }));
}

}  // namespace
}  // namespace weir
