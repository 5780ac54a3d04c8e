// Random histories on the real PostgreSQL against the reference bill: late events, closes at any edge,
// some subscriptions that end; every line of every close, to the minor unit.
#include "tests/contract/billing/reference_bill.h"
#include "tests/contract/billing/world.h"

#include <gtest/gtest.h>
#include <random>

namespace weir {
namespace {

/// The lines in the database, named as the reference names them.
reference::Bill stored_bill(World& world, std::size_t& lines) {
  auto lease = *world.schemas().admin().acquire(soon());
  const Rows rows = *lease->run(
      "select close_id - 1, subscription, period_from_us, meter, amount_minor "
      "from billing.invoice_line",
      soon());
  lines = rows.size();
  reference::Bill bill;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    bill[{static_cast<std::size_t>(rows.integer(i, 0)), std::string(rows.text(i, 1)),
          rows.integer(i, 2), std::string(rows.text(i, 3))}] = rows.integer(i, 4);
  }
  return bill;
}

class AgainstTheReference : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(AgainstTheReference, R12_every_line_of_every_close_is_equal_to_the_minor_unit) {
  std::mt19937 random(GetParam());
  auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(n));
  };
  World world;
  std::string toml = kHourlyCatalog;
  if (below(2) == 0) toml += "to = 2024-03-01T02:20:00Z\n";  // of sub-3
  world.apply_catalog(toml);
  const Catalog catalog = read_catalog(toml, "test.toml").catalog;
  std::vector<reference::Event> events;
  std::vector<std::int64_t> closes;
  std::int64_t now = hour(0);
  for (int step = 0; step < 6; ++step) {
    now += (1 + below(6)) * 15 * kMinuteUs;
    const std::int64_t count = below(12);
    for (std::int64_t i = 0; i < count; ++i) {
      reference::Event event;
      event.tenant = "acme";
      event.subscription = "sub-" + std::to_string(1 + below(3));
      // Any time since midnight: most of the past is frozen by now.
      event.time_us = hour(0) + below((now - hour(0)) / kMinuteUs) * kMinuteUs;
      event.first_close = closes.size();
      const std::int64_t tokens = 1 + below(900);
      const std::int64_t requests = 1 + below(30);
      for (std::int64_t n = 0; n < requests; ++n) events.push_back(event);
      event.quantities["tokens"] = tokens;
      events.push_back(event);
      world.event(event.subscription, event.time_us, requests + 1);
      world.event(event.subscription, event.time_us, tokens, "tokens", 1);
    }
    ASSERT_EQ(world.run_at(now).exit(), ExitCode::done);
    closes.push_back(now);
  }
  std::size_t lines = 0;
  const reference::Bill stored = stored_bill(world, lines);
  EXPECT_EQ(lines, stored.size());
  EXPECT_EQ(stored, reference::reference_bill(events, catalog, closes));
  EXPECT_GT(lines, 10u);
  EXPECT_EQ(world.ask("select (select sum(amount_minor) from billing.invoice_line) = "
                      "(select sum(total_minor) from billing.invoice)"),
            "t");
  EXPECT_EQ(world.provider().taken_minor(),
            world.count("select sum(total_minor)::bigint from billing.invoice"));
}

INSTANTIATE_TEST_SUITE_P(Seeds, AgainstTheReference, ::testing::Range(1u, 11u));

TEST(ReferenceBill, is_no_mirror_it_has_its_own_numbers) {
  const MeterPrice list{"m", 10, {{20, *parse_price("0.10")}, {{}, *parse_price("0.03")}}};
  EXPECT_EQ(reference::price(list, 10, 10'000'000), 0);
  EXPECT_EQ(reference::price(list, 25, 10'000'000), 150);
  EXPECT_EQ(reference::price(list, 35, 10'000'000), 215);
}

}  // namespace
}  // namespace weir
