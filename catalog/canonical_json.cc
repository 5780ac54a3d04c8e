// The canonical form of a catalogue: one JSON text for one meaning. Keys stand in alphabetical
// order, lists in the order of their ids, prices in their shortest text, and `from`/`to` as
// microseconds (absent when unbounded).
#include "base/digest.h"
#include "base/log.h"
#include "catalog/catalog.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <tuple>

namespace weir {
namespace {

/// One JSON object; members are added in alphabetical order by whoever writes them.
class Object {
 public:
  Object& text(std::string_view key, std::string_view value) { return raw(key, json_quote(value)); }
  Object& number(std::string_view key, std::int64_t value) {
    return raw(key, fmt::format("{}", value));
  }
  Object& raw(std::string_view key, std::string_view value) {
    out_ += out_.empty() ? "{" : ",";
    out_ += json_quote(key);
    out_ += ':';
    out_ += value;
    return *this;
  }
  Object& from(std::int64_t from_us) {
    return from_us == kSinceAlwaysUs ? *this : number("from_us", from_us);
  }
  std::string end() { return out_.empty() ? "{}" : out_ + "}"; }

 private:
  std::string out_;
};

template <class T>
std::string list(const std::vector<T>& items, const std::function<std::string(const T&)>& write) {
  std::string out = "[";
  for (const T& item : items) {
    if (out.size() > 1) out += ',';
    out += write(item);
  }
  return out + "]";
}

template <class T, class Key>
std::vector<T> sorted(std::vector<T> items, Key key) {
  std::sort(items.begin(), items.end(), [&](const T& a, const T& b) { return key(a) < key(b); });
  return items;
}

std::string write_meter(const Meter& m) {
  Object o;
  o.text("aggregate", m.aggregate == Meter::Aggregate::count ? "count" : "sum");
  o.from(m.from_us).text("id", m.id).text("quantity", m.quantity).text("tenant", m.tenant);
  Object where;
  where.text("api", m.filter.api).text("method", m.filter.method).text("route", m.filter.route);
  where.number("status_from", m.filter.status_from).number("status_to", m.filter.status_to);
  return o.raw("where", where.end()).end();
}

std::string write_price(const MeterPrice& p) {
  auto tier = [](const Tier& t) {
    Object o;
    o.text("per_unit", format_price(t.per_unit));
    if (t.up_to) o.number("up_to", *t.up_to);
    return o.end();
  };
  return Object()
      .number("included", p.included)
      .text("meter", p.meter)
      .raw("tiers", list<Tier>(p.tiers, tier))
      .end();
}

std::string write_quota(const Quota& q) {
  return Object()
      .raw("hard", q.hard ? "true" : "false")
      .text("meter", q.meter)
      .number("units", q.units)
      .end();
}

std::string write_rate_limit(const RateLimit& l) {
  return Object()
      .number("burst", l.burst)
      .text("meter", l.meter)
      .number("per_us", l.per_us)
      .number("units", l.units)
      .end();
}

std::string write_plan(const Plan& p) {
  auto by_meter = [](const auto& item) { return item.meter; };
  // Several rate limits may share a meter (a burst limit beside a daily one).
  auto by_limit = [](const RateLimit& l) { return std::tie(l.meter, l.per_us, l.units, l.burst); };
  return Object()
      .text("base_fee", format_price(p.base_fee))
      .text("currency", p.currency)
      .from(p.from_us)
      .text("id", p.id)
      .text("period", name_of(p.period))
      .raw("prices", list<MeterPrice>(sorted(p.prices, by_meter), write_price))
      .raw("quotas", list<Quota>(sorted(p.quotas, by_meter), write_quota))
      .raw("rate_limits", list<RateLimit>(sorted(p.rate_limits, by_limit), write_rate_limit))
      .text("tenant", p.tenant)
      .text("time_zone", p.time_zone)
      .end();
}

std::string write_subscription(const Subscription& s) {
  Object o;
  o.text("customer", s.customer).from(s.from_us).text("id", s.id).text("plan", s.plan);
  o.text("tenant", s.tenant);
  if (s.to_us != kForEverUs) o.number("to_us", s.to_us);
  return o.end();
}

}  // namespace

std::string Catalog::canonical_json() const {
  auto by_id = [](const auto& item) { return std::tie(item.tenant, item.id); };
  auto by_version = [](const auto& item) { return std::tie(item.tenant, item.id, item.from_us); };
  auto tenant = [](const Tenant& t) {
    return Object().text("id", t.id).text("name", t.name).end();
  };
  auto customer = [](const Customer& c) {
    return Object().text("id", c.id).text("name", c.name).text("tenant", c.tenant).end();
  };
  return Object()
      .raw("customers", list<Customer>(sorted(customers, by_id), customer))
      .raw("meters", list<Meter>(sorted(meters, by_version), write_meter))
      .raw("plans", list<Plan>(sorted(plans, by_version), write_plan))
      .raw("subscriptions", list<Subscription>(sorted(subscriptions, by_id), write_subscription))
      .raw("tenants", list<Tenant>(sorted(tenants, [](const Tenant& t) { return t.id; }), tenant))
      .end();
}

std::string Catalog::digest() const { return sha256_hex(canonical_json()); }

}  // namespace weir
