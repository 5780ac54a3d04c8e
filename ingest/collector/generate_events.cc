#include "ingest/collector/generate_events.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace weir {
namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kOutOfOrderMax = 30 * kMicrosPerSecond;

/// SplitMix64 (Steele, Lea, Flood 2014): one stream for each event.
class Dice {
 public:
  Dice(std::uint64_t seed, std::int64_t number, std::uint64_t purpose)
      : state_(mix(seed) ^ mix(static_cast<std::uint64_t>(number) * 8 + purpose)) {}
  std::uint64_t roll() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }
  /// In [0, below).
  std::int64_t below(std::int64_t below) {
    return static_cast<std::int64_t>(roll() % static_cast<std::uint64_t>(below));
  }
  bool chance(std::int64_t parts_per_million) { return below(kMillion) < parts_per_million; }

 private:
  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
  }
  std::uint64_t state_;
};

enum Purpose : std::uint64_t { kOfEvent, kOfCopy, kOfPoison };

struct RouteShape {
  std::string_view api, route, method, path;  // the path's "{}" becomes a number
  std::int64_t weight;                        // of 100
  std::int64_t latency_us;                    // typical
  std::int64_t error_ppm;                     // answered with 500
  bool tokens;
};
constexpr std::array<RouteShape, 7> kRoutes = {{
    {"orders", "/v1/orders/{id}", "GET", "/v1/orders/{}", 35, 8'000, 1'000, false},
    {"orders", "/v1/orders", "POST", "/v1/orders", 15, 25'000, 4'000, false},
    {"catalog", "/v1/products", "GET", "/v1/products", 20, 5'000, 500, false},
    {"catalog", "/v1/products/{id}", "GET", "/v1/products/{}", 12, 6'000, 500, false},
    {"reports", "/v1/reports/{id}", "GET", "/v1/reports/{}", 3, 900'000, 20'000, false},
    {"text", "/v1/completions", "POST", "/v1/completions", 10, 300'000, 10'000, true},
    {"legacy", "/v0/prices/{id}", "GET", "/v0/prices/{}", 5, 15'000, 150'000, false},
}};
constexpr std::array<std::string_view, 4> kUserAgents = {"curl/8.5.0", "python-requests/2.32",
                                                         "okhttp/4.12.0", "Go-http-client/2.0"};
constexpr std::array<std::string_view, 5> kCountries = {"DE", "FR", "US", "IN", "BR"};
constexpr std::array<std::string_view, 3> kGateways = {"gw-1", "gw-2", "gw-3"};

std::size_t route_of(std::int64_t dice) {
  std::size_t route = 0;
  while (dice >= kRoutes[route].weight) dice -= kRoutes[route++].weight;
  return route;
}

std::uint16_t status_of(Dice& dice, const RouteShape& route) {
  if (dice.chance(route.error_ppm)) return dice.below(4) == 0 ? 503 : 500;
  std::int64_t roll = dice.below(1000);
  if (roll < 15) return 404;
  if (roll < 20) return 429;
  if (roll < 25) return 401;
  return route.method == "POST" ? 201 : 200;
}

/// Around the typical value, with a tail: one in twenty takes 4 times as long, one in 200, 20 times.
std::int64_t latency_of(Dice& dice, const RouteShape& route) {
  std::int64_t latency = route.latency_us / 2 + dice.below(route.latency_us);
  std::int64_t tail = dice.below(200);
  if (tail == 0) return latency * 20;
  return tail <= 10 ? latency * 4 : latency;
}

}  // namespace

EventGenerator::EventGenerator(const GenerateOptions& options, const IdentityKey& key)
    : options_(options), key_(key) {
  WEIR_CHECK(options.from < options.to && options.customers > 0 && options.tenants > 0);
  WEIR_CHECK(options.bucket_us > 0);
  std::uint64_t end = 0;
  for (std::int32_t customer = 0; customer < options.customers; ++customer) {
    end += (std::uint64_t{1} << 40) / static_cast<std::uint64_t>(customer + 1);
    rank_ends_.push_back(end);
    first_subscription_.push_back(totals_.subscriptions.size());
    std::string tenant = fmt::format("tenant-{}", customer % options.tenants + 1);
    totals_.subscriptions.push_back({tenant, fmt::format("sub-{}", customer + 1), {}, {}});
    if (customer % 3 != 0) continue;  // every third customer has a second one
    totals_.subscriptions.push_back({tenant, fmt::format("sub-{}-b", customer + 1), {}, {}});
  }
  first_subscription_.push_back(totals_.subscriptions.size());
  for (const RouteShape& route : kRoutes) totals_.routes.push_back({std::string(route.route)});
}

EventTime EventGenerator::even_time(std::int64_t number) const {
  std::int64_t span = options_.to - options_.from;
  std::int64_t whole = span / options_.events;
  std::int64_t rest = span % options_.events;
  return options_.from + (whole * number + rest * number / options_.events);
}

EventGenerator::Event EventGenerator::event(std::int64_t number) const {
  Dice dice(options_.seed, number, kOfEvent);
  Event made;
  made.number = number;
  auto total = static_cast<std::int64_t>(rank_ends_.back());
  auto rank = std::upper_bound(rank_ends_.begin(), rank_ends_.end(),
                               static_cast<std::uint64_t>(dice.below(total)));
  auto customer = static_cast<std::size_t>(rank - rank_ends_.begin());
  std::size_t first = first_subscription_[customer];
  std::size_t owned = first_subscription_[customer + 1] - first;
  made.subscription = first + (dice.below(4) == 0 ? owned - 1 : 0);
  made.route = route_of(dice.below(100));
  const RouteShape& route = kRoutes[made.route];
  made.status = status_of(dice, route);
  made.latency_us = latency_of(dice, route);
  made.units = dice.below(10) == 0 ? 2 + dice.below(4) : 1;
  made.tokens = route.tokens ? 1 + dice.below(2000) : 0;
  made.dice = dice.roll();

  EventTime even = even_time(number);
  made.late = dice.chance(options_.late_ppm) && even > options_.from;
  std::int64_t back = 0;
  if (made.late) {
    back = 1 + dice.below(even - options_.from);
  } else if (dice.below(5) == 0) {
    back = dice.below(kOutOfOrderMax);
  }
  made.time = std::max(even - back, options_.from);
  return made;
}

void EventGenerator::append(const Event& event, RequestBatch& batch) const {
  const ExpectedTotals::Subscription& owner = totals_.subscriptions[event.subscription];
  const RouteShape& shape = kRoutes[event.route];
  fmt::memory_buffer id, path, client, trace;
  fmt::format_to(std::back_inserter(id), "{}-{}", options_.seed, event.number);
  fmt::format_to(std::back_inserter(path), fmt::runtime(shape.path), event.dice % 100'000);
  fmt::format_to(std::back_inserter(client), "192.0.2.{}", event.dice % 256);
  fmt::format_to(std::back_inserter(trace), "{:016x}{:016x}", event.dice, ~event.dice);
  auto text = [](const fmt::memory_buffer& buffer) {
    return std::string_view(buffer.data(), buffer.size());
  };
  RequestRow::Quantity tokens{"tokens", event.tokens};

  RequestRow row;
  row.tenant = owner.tenant;
  row.source = kGateways[event.dice % kGateways.size()];
  row.id = text(id);
  row.subscription = owner.id;
  row.time = event.time;
  row.units = event.units;
  if (event.tokens > 0) row.quantities = {&tokens, 1};
  row.api = shape.api;
  row.route = shape.route;
  row.method = shape.method;
  row.status = event.status;
  row.path = text(path);
  row.latency_us = event.latency_us;
  row.upstream_latency_us = event.latency_us - event.latency_us / 8;
  row.request_bytes = static_cast<std::int64_t>(200 + event.dice % 1800);
  row.response_bytes = static_cast<std::int64_t>(100 + event.dice % 20'000);
  row.client = text(client);
  row.country = kCountries[event.dice % kCountries.size()];
  row.user_agent = kUserAgents[event.dice % kUserAgents.size()];
  row.gateway = row.source;
  if (event.status >= 500) row.error = "upstream failed";
  row.trace_id = text(trace);
  append_row(batch, row, key_);
}

void EventGenerator::count(const Event& event) {
  MeterAmounts amounts{{1, event.units, event.tokens}};
  ExpectedTotals::Subscription& owner = totals_.subscriptions[event.subscription];
  owner.sum.add(amounts);
  owner.buckets[event.time.value - event.time.value % options_.bucket_us].add(amounts);
  ExpectedTotals::Route& route = totals_.routes[event.route];
  ++route.requests;
  if (event.status >= 500) ++route.server_errors;
  ++totals_.events;
  if (event.late) ++totals_.late;
}

void EventGenerator::append_copy_after(std::int64_t number, RequestBatch& batch) {
  Dice dice(options_.seed, number, kOfCopy);
  if (!dice.chance(options_.duplicates_ppm)) return;
  bool near = dice.below(2) == 0;  // a retry; else a file that is read again
  std::int64_t back = dice.below(near ? std::min<std::int64_t>(number + 1, 1000) : number + 1);
  Event copy = event(number - back);
  if (near && dice.below(2) == 0) {
    copy.time = even_time(number);
    ++totals_.restamped;
  }
  append(copy, batch);
  ++totals_.duplicates;
}

bool EventGenerator::fill(RequestBatch& batch, std::size_t rows_max,
                          std::vector<std::string>& poison) {
  while (batch.rows() < rows_max && next_ < options_.events) {
    std::int64_t number = next_++;
    Event made = event(number);
    append(made, batch);
    count(made);
    append_copy_after(number, batch);
    Dice dice(options_.seed, number, kOfPoison);
    if (!dice.chance(options_.poison_ppm)) continue;
    poison.push_back(poison_body(dice.roll(), number));
    ++totals_.poison;
  }
  return next_ < options_.events;
}

std::string poison_body(std::uint64_t dice, std::int64_t number) {
  constexpr std::string_view head =
      R"({"tenant":"tenant-1","source":"poison","subscription":"sub-1")";
  std::string id = fmt::format(R"(,"id":"poison-{}")", number);
  constexpr std::string_view time = R"(,"time":"2026-01-01T00:00:00Z")";
  auto whole = [&](std::string_view rest) {
    return fmt::format("{}{}{}{}}}", head, id, time, rest);
  };
  switch (dice % 9) {
    case 0:
      return fmt::format("{}{}{}", head, id, time);  // cut off
    case 1:
      return fmt::format("{}{}}}", head, time);  // no id
    case 2:
      return fmt::format("{}{}}}", head, id);  // no time
    case 3:
      return whole(R"(,"units":9007199254740993)");  // 2^53 + 1
    case 4:
      return whole(R"(,"units":"many")");
    case 5:
      return fmt::format(R"({}{},"time":"2999-01-01T00:00:00Z"}})", head, id);
    case 6:
      return whole("\xff\xfe");  // neither JSON nor UTF-8
    case 7:
      return whole(R"(,"route":"a\u0000b")");
    default:
      return whole(fmt::format(R"(,"api":"{}")", std::string(300, 'x')));  // over its limit
  }
}

}  // namespace weir
