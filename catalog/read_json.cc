// Reads back what canonical_json() wrote. The text comes from our own database, so the first thing
// that is not as written is one error (`integrity`), not a list of faults.
#include "catalog/catalog.h"
#include "catalog/validate.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace weir {
namespace {

using simdjson::dom::element;

// These throw simdjson_error, which read_catalog_json() catches: the edge of the library.
std::string text(element object, std::string_view key) {
  return std::string(std::string_view(object[key]));
}
std::int64_t number(element object, std::string_view key) { return std::int64_t(object[key]); }
std::int64_t number_or(element object, std::string_view key, std::int64_t fallback) {
  std::int64_t value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? value : fallback;
}
Price price(element object, std::string_view key) {
  auto parsed = parse_price(text(object, key));
  if (!parsed) throw simdjson::simdjson_error(simdjson::NUMBER_ERROR);
  return *parsed;
}

Meter read_meter(element o) {
  Meter meter;
  meter.tenant = text(o, "tenant");
  meter.id = text(o, "id");
  meter.aggregate = text(o, "aggregate") == "sum" ? Meter::Aggregate::sum : Meter::Aggregate::count;
  meter.quantity = text(o, "quantity");
  element where = o["where"];
  meter.filter = {text(where, "api"), text(where, "route"), text(where, "method"),
                  number(where, "status_from"), number(where, "status_to")};
  meter.from_us = number_or(o, "from_us", kSinceAlwaysUs);
  return meter;
}

MeterPrice read_meter_price(element o) {
  MeterPrice read;
  read.meter = text(o, "meter");
  read.included = number(o, "included");
  for (element t : simdjson::dom::array(o["tiers"])) {
    Tier tier;
    std::int64_t up_to = number_or(t, "up_to", -1);
    if (up_to >= 0) tier.up_to = up_to;
    tier.per_unit = price(t, "per_unit");
    read.tiers.push_back(tier);
  }
  return read;
}

Plan read_plan(element o) {
  Plan plan;
  plan.tenant = text(o, "tenant");
  plan.id = text(o, "id");
  plan.currency = text(o, "currency");
  auto rule = parse_period_rule(text(o, "period"));
  if (!rule) throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE);
  plan.period = *rule;
  plan.time_zone = text(o, "time_zone");
  plan.base_fee = price(o, "base_fee");
  for (element p : simdjson::dom::array(o["prices"])) plan.prices.push_back(read_meter_price(p));
  for (element q : simdjson::dom::array(o["quotas"])) {
    plan.quotas.push_back({text(q, "meter"), number(q, "units"), bool(q["hard"])});
  }
  for (element l : simdjson::dom::array(o["rate_limits"])) {
    plan.rate_limits.push_back(
        {text(l, "meter"), number(l, "units"), number(l, "per_us"), number(l, "burst")});
  }
  plan.from_us = number_or(o, "from_us", kSinceAlwaysUs);
  return plan;
}

Catalog read(element root) {
  Catalog catalog;
  for (element t : simdjson::dom::array(root["tenants"])) {
    catalog.tenants.push_back({text(t, "id"), text(t, "name")});
  }
  for (element m : simdjson::dom::array(root["meters"])) catalog.meters.push_back(read_meter(m));
  for (element p : simdjson::dom::array(root["plans"])) catalog.plans.push_back(read_plan(p));
  for (element c : simdjson::dom::array(root["customers"])) {
    catalog.customers.push_back({text(c, "tenant"), text(c, "id"), text(c, "name")});
  }
  for (element s : simdjson::dom::array(root["subscriptions"])) {
    catalog.subscriptions.push_back({text(s, "tenant"), text(s, "id"), text(s, "customer"),
                                     text(s, "plan"), number_or(s, "from_us", kSinceAlwaysUs),
                                     number_or(s, "to_us", kForEverUs)});
  }
  return catalog;
}

}  // namespace

Result<Catalog> read_catalog_json(std::string_view json) {
  try {
    simdjson::dom::parser parser;
    return read(parser.parse(simdjson::padded_string(json)));
  } catch (const simdjson::simdjson_error& error) {
    return Error{ErrorCode::integrity,
                 fmt::format("the stored catalogue cannot be read: {}", error.what()),
                 "apply the catalogue's file again"};
  }
}

}  // namespace weir
