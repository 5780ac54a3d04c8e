// The catalogue's file: TOML → values. What spans several entries (references, versions) is checked
// afterwards, by validate.cc, so that both kinds of fault are reported together.
#include "catalog/catalog.h"
#include "catalog/toml_table.h"
#include "catalog/validate.h"

#include <sstream>

namespace weir {
namespace {

constexpr std::int64_t kUnitsMost = std::int64_t{1} << 53;

Price read_price(TomlTable& table, std::string_view key, std::string_view fallback) {
  const std::string text = table.text_or(key, std::string(fallback));
  auto price = parse_price(text);
  if (!price) table.fault(key, price.error().what);
  return price ? *price : Price{};
}

Meter read_meter(TomlTable& table) {
  Meter meter;
  meter.tenant = table.text("tenant");
  meter.id = table.text("id");
  const std::string aggregate = table.text("aggregate");
  if (aggregate == "sum") {
    meter.aggregate = Meter::Aggregate::sum;
    meter.quantity = table.text("quantity");
  } else {
    if (!aggregate.empty() && aggregate != "count") {
      table.fault("aggregate", "must be \"count\" or \"sum\"");
    }
    if (table.has("quantity")) table.fault("quantity", "is for aggregate = \"sum\" alone");
    table.text_or("quantity", "");
  }
  table.table("where", [&](TomlTable& where) {
    meter.filter.api = where.text_or("api", "");
    meter.filter.route = where.text_or("route", "");
    meter.filter.method = where.text_or("method", "");
    meter.filter.status_from = where.integer("status_from", 0, 0, 65535);
    meter.filter.status_to = where.integer("status_to", 65535, 0, 65535);
    if (meter.filter.status_from > meter.filter.status_to) {
      where.fault("status_from", "is above status_to");
    }
  });
  meter.from_us = table.time("from", kSinceAlwaysUs);
  return meter;
}

MeterPrice read_meter_price(TomlTable& table) {
  MeterPrice price;
  price.meter = table.text("meter");
  price.included = table.integer("included", 0, 0, kUnitsMost);
  if (table.has("per_unit") == table.has("tiers")) {
    table.fault("per_unit", "give either per_unit or tiers");
  }
  if (table.has("per_unit")) price.tiers.push_back({{}, read_price(table, "per_unit", "0")});
  table.tables("tiers", [&](TomlTable& tier) {
    Tier read;
    if (tier.has("up_to")) read.up_to = tier.integer("up_to", 1, 1, kUnitsMost);
    if (!tier.has("per_unit")) tier.fault("per_unit", "is missing");
    read.per_unit = read_price(tier, "per_unit", "0");
    price.tiers.push_back(read);
  });
  for (std::size_t i = 0; i < price.tiers.size(); ++i) {
    const bool last = i + 1 == price.tiers.size();
    if (last && price.tiers[i].up_to) table.fault("tiers", "the last one must have no up_to");
    if (!last && !price.tiers[i].up_to) table.fault("tiers", "only the last one has no up_to");
    if (!last && i > 0 && price.tiers[i].up_to <= price.tiers[i - 1].up_to) {
      table.fault("tiers", "up_to must rise from tier to tier");
    }
  }
  return price;
}

RateLimit read_rate_limit(TomlTable& table) {
  RateLimit limit;
  limit.meter = table.text("meter");
  limit.units = table.integer("units", 0, 1, kUnitsMost);
  if (!table.has("units")) table.fault("units", "is missing");
  auto per = parse_duration(table.text("per"));
  if (!per || per->count() <= 0) table.fault("per", "must be a duration such as \"1s\"");
  limit.per_us = per ? per->count() : 0;
  limit.burst = table.integer("burst", limit.units, 1, kUnitsMost);
  return limit;
}

Plan read_plan(TomlTable& table) {
  Plan plan;
  plan.tenant = table.text("tenant");
  plan.id = table.text("id");
  plan.currency = table.text("currency");
  if (auto digits = minor_digits(plan.currency); !plan.currency.empty() && !digits) {
    table.fault("currency", digits.error().text());
  }
  auto rule = parse_period_rule(table.text_or("period", "month"));
  if (!rule) table.fault("period", rule.error().what);
  if (rule) plan.period = *rule;
  plan.time_zone = table.text_or("time_zone", "UTC");
  if (Status known = check_zone(plan.time_zone); !known) {
    table.fault("time_zone", known.error().what);
  }
  plan.base_fee = read_price(table, "base_fee", "0");
  table.tables("price", [&](TomlTable& t) { plan.prices.push_back(read_meter_price(t)); });
  table.tables("quota", [&](TomlTable& t) {
    Quota quota;
    quota.meter = t.text("meter");
    if (!t.has("units")) t.fault("units", "is missing");
    quota.units = t.integer("units", 0, 0, kUnitsMost);
    quota.hard = t.boolean("hard", true);
    plan.quotas.push_back(quota);
  });
  table.tables("rate_limit", [&](TomlTable& t) { plan.rate_limits.push_back(read_rate_limit(t)); });
  plan.from_us = table.time("from", kSinceAlwaysUs);
  return plan;
}

Subscription read_subscription(TomlTable& table) {
  Subscription subscription;
  subscription.tenant = table.text("tenant");
  subscription.id = table.text("id");
  subscription.customer = table.text("customer");
  subscription.plan = table.text("plan");
  if (!table.has("from")) {
    table.fault("from", "is missing: the moment from which the subscription is billed");
  }
  subscription.from_us = table.time("from", kSinceAlwaysUs);
  subscription.to_us = table.time("to", kForEverUs);
  if (subscription.to_us <= subscription.from_us) table.fault("to", "is not after from");
  return subscription;
}

Catalog read_entries(TomlReading& reading, const toml::table& root) {
  Catalog catalog;
  TomlTable table(reading, root, "");
  table.tables("tenant", [&](TomlTable& t) {
    catalog.tenants.push_back({t.text("id"), t.text_or("name", "")});
  });
  table.tables("meter", [&](TomlTable& t) { catalog.meters.push_back(read_meter(t)); });
  table.tables("plan", [&](TomlTable& t) { catalog.plans.push_back(read_plan(t)); });
  table.tables("customer", [&](TomlTable& t) {
    catalog.customers.push_back({t.text("tenant"), t.text("id"), t.text_or("name", "")});
  });
  table.tables("subscription",
               [&](TomlTable& t) { catalog.subscriptions.push_back(read_subscription(t)); });
  return catalog;
}

}  // namespace

CatalogRead read_catalog(std::string_view text, const std::string& file_name) {
  CatalogRead read;
  TomlReading reading{file_name, {}};
  try {
    const toml::table root = toml::parse(text, file_name);
    read.catalog = read_entries(reading, root);
    read.faults = std::move(reading.faults);
  } catch (const toml::parse_error& error) {
    read.faults.push_back({fmt::format("{}:{}", file_name, error.source().begin.line),
                           std::string(error.description())});
    return read;
  }
  for (std::string& what : validate(read.catalog)) {
    read.faults.push_back({file_name, std::move(what)});
  }
  return read;
}

}  // namespace weir
