// The catalogue: who is billed for what, at which price, within which limits.
//
// One TOML file, validated as a whole (every fault with file, line and key), read alike by
// weir-quota (meters, limits) and weir-billing (customers, plans, prices). Both store its canonical
// JSON and the digest of that: the same digest on both sides is the same catalogue (R11 step 4).
// Values only; nothing here reads a clock or a database. docs/guide has a commented example.
//
// Effective dating: meters and plans may have several versions under one id, each with `from`; the
// version that counts is the latest with from <= t. An absent `from` means "since always".
#pragma once

#include "base/calendar.h"
#include "base/result.h"
#include "base/settings.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Before every event: the `from` of what has none.
constexpr std::int64_t kSinceAlwaysUs = INT64_MIN;
/// After every event: the `to` of what has none.
constexpr std::int64_t kForEverUs = INT64_MAX;

struct Tenant {
  std::string id;
  std::string name;
};

/// What a meter counts: an event that passes the whole filter. Empty members let everything
/// through.
struct MeterFilter {
  std::string api, route, method;
  std::int64_t status_from = 0;    // inclusive
  std::int64_t status_to = 65535;  // inclusive
  auto operator<=>(const MeterFilter&) const = default;
};

struct Meter {
  enum class Aggregate { count, sum };
  std::string tenant;
  std::string id;
  Aggregate aggregate = Aggregate::count;
  std::string quantity;  // of a sum: "units" or a named quantity; empty for a count
  MeterFilter filter;
  std::int64_t from_us = kSinceAlwaysUs;
  auto operator<=>(const Meter&) const = default;
};

/// A price per unit or a fee, exactly: whole billionths (10^-9) of the currency's major unit.
struct Price {
  std::int64_t nanos = 0;
  auto operator<=>(const Price&) const = default;
};
/// "0.0025" → 2'500'000. At most 9 fractional digits; error `invalid`. No sign.
Result<Price> parse_price(std::string_view text);
std::string format_price(Price price);

/// One step of graduated tiers: units up to and including `up_to` (in the period) cost `per_unit`
/// each; the last tier has no bound.
struct Tier {
  std::optional<std::int64_t> up_to;
  Price per_unit;
  auto operator<=>(const Tier&) const = default;
};

struct MeterPrice {
  std::string meter;
  std::int64_t included = 0;  // units of the period that cost nothing; tiers count from behind them
  std::vector<Tier> tiers;  // at least one; `per_unit` alone in the file is one tier without bound
  auto operator<=>(const MeterPrice&) const = default;
};

/// A quota: at most `units` of `meter` in each billing period.
struct Quota {
  std::string meter;
  std::int64_t units = 0;
  bool hard = true;  // soft quotas are reported and never refuse
  auto operator<=>(const Quota&) const = default;
};

/// A token bucket: `units` every `per`, up to `burst` at once.
struct RateLimit {
  std::string meter;
  std::int64_t units = 0;
  std::int64_t per_us = 0;
  std::int64_t burst = 0;
  auto operator<=>(const RateLimit&) const = default;
};

struct Plan {
  std::string tenant;
  std::string id;
  std::string currency;   // ISO 4217
  PeriodRule period;      // "month", "day", "hour", or a fixed length such as "15s"
  std::string time_zone;  // IANA; whose midnight a period starts at
  Price base_fee;         // each period
  std::vector<MeterPrice> prices;
  std::vector<Quota> quotas;
  std::vector<RateLimit> rate_limits;
  std::int64_t from_us = kSinceAlwaysUs;
};

struct Customer {
  std::string tenant;
  std::string id;
  std::string name;
};

/// Billed from `from_us` (inclusive) to `to_us` (exclusive); its first and last period are whole
/// periods of the plan that contain those moments.
struct Subscription {
  std::string tenant;
  std::string id;
  std::string customer;
  std::string plan;
  std::int64_t from_us = kSinceAlwaysUs;
  std::int64_t to_us = kForEverUs;
};

struct Catalog {
  std::vector<Tenant> tenants;
  std::vector<Meter> meters;
  std::vector<Plan> plans;
  std::vector<Customer> customers;
  std::vector<Subscription> subscriptions;

  const Subscription* subscription(std::string_view tenant, std::string_view id) const;
  const Customer* customer(std::string_view tenant, std::string_view id) const;
  /// The version in force at `at_us`, or null.
  const Plan* plan(std::string_view tenant, std::string_view id, std::int64_t at_us) const;
  const Meter* meter(std::string_view tenant, std::string_view id, std::int64_t at_us) const;

  /// Canonical: keys sorted, lists sorted by id and from, no white space; equal catalogues give
  /// equal bytes. read_catalog_json() reads it back.
  std::string canonical_json() const;
  /// Hex SHA-256 of canonical_json().
  std::string digest() const;
};

/// Minor digits of a currency: EUR 2, JPY 0, KWD 3. Error `invalid` for one that is unknown.
Result<int> minor_digits(std::string_view currency);

struct CatalogRead {
  Catalog catalog;            // whole only when there are no faults
  std::vector<Fault> faults;  // all of them: "catalog.toml:12: plan.price.tiers"
};
/// Parses and validates: unknown keys, wrong types, dangling references, duplicate ids, overlapping
/// versions, bad zones, currencies, prices, tiers that do not rise, negative numbers.
CatalogRead read_catalog(std::string_view toml, const std::string& file_name);
Result<Catalog> read_catalog_json(std::string_view json);

/// What applying `next` over `present` would change, a line each ("+ plan acme/pro from …").
std::vector<std::string> diff_catalogs(const Catalog& present, const Catalog& next);

/// A plan's fixed period must be a whole number of buckets, or its edges would fall inside one.
std::vector<Fault> check_period_lengths(const Catalog& catalog, std::int64_t bucket_us);

/// R8: meters change only at a bucket edge at least 10 min after the commit. Gives the fault of
/// each meter version of `next` that differs from `present` in what it says of times before
/// `earliest_us`, or whose `from` is not on an edge of `bucket_us`.
std::vector<Fault> check_meter_changes(const Catalog& present, const Catalog& next,
                                       std::int64_t earliest_us, std::int64_t bucket_us);

}  // namespace weir
