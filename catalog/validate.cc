#include "catalog/validate.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <tuple>

namespace weir {
namespace {

constexpr std::size_t kIdBytesMost = 128;

class Validation {
 public:
  explicit Validation(const Catalog& catalog) : catalog_(catalog) {
    for (const Tenant& t : catalog.tenants) tenants_.insert(t.id);
    for (const Meter& m : catalog.meters) meters_.insert({m.tenant, m.id});
    for (const Plan& p : catalog.plans) plans_.insert({p.tenant, p.id});
    for (const Customer& c : catalog.customers) customers_.insert({c.tenant, c.id});
  }

  std::vector<std::string> run() {
    unique_ids();
    for (const Meter& m : catalog_.meters) entry("meter", m.tenant, m.id);
    for (const Customer& c : catalog_.customers) entry("customer", c.tenant, c.id);
    for (const Plan& p : catalog_.plans) check(p);
    for (const Subscription& s : catalog_.subscriptions) check(s);
    same_rule_in_all_versions();
    return std::move(faults_);
  }

 private:
  using Key = std::pair<std::string, std::string>;

  void fault(std::string what) { faults_.push_back(std::move(what)); }

  void unique_ids() {
    std::set<std::string> seen;
    auto once = [&](std::string key) {
      if (!seen.insert(key).second) fault(key + " stands twice");
    };
    for (const Tenant& t : catalog_.tenants) once("tenant " + t.id);
    for (const Customer& c : catalog_.customers)
      once(fmt::format("customer {}/{}", c.tenant, c.id));
    for (const Subscription& s : catalog_.subscriptions) {
      once(fmt::format("subscription {}/{}", s.tenant, s.id));
    }
    for (const Meter& m : catalog_.meters) {
      once(fmt::format("meter {}/{} from {}", m.tenant, m.id, from_text(m.from_us)));
    }
    for (const Plan& p : catalog_.plans) {
      once(fmt::format("plan {}/{} from {}", p.tenant, p.id, from_text(p.from_us)));
    }
  }

  static std::string from_text(std::int64_t from_us) {
    return from_us == kSinceAlwaysUs ? "always" : format_rfc3339(from_us);
  }

  void entry(std::string_view kind, const std::string& tenant, const std::string& id) {
    if (tenants_.count(tenant) == 0) {
      fault(fmt::format("{} {}/{}: no tenant \"{}\"", kind, tenant, id, tenant));
    }
    if (id.size() > kIdBytesMost) {
      fault(
          fmt::format("{} {}/{}: the id is longer than {} bytes", kind, tenant, id, kIdBytesMost));
    }
  }

  void check(const Plan& plan) {
    entry("plan", plan.tenant, plan.id);
    const std::string where = fmt::format("plan {}/{}", plan.tenant, plan.id);
    auto known = [&](const std::string& meter) {
      if (meters_.count({plan.tenant, meter}) == 0) {
        fault(fmt::format("{}: no meter \"{}\"", where, meter));
      }
    };
    std::set<std::string> priced, limited;
    for (const MeterPrice& p : plan.prices) {
      known(p.meter);
      if (!priced.insert(p.meter).second)
        fault(fmt::format("{}: two prices for {}", where, p.meter));
    }
    for (const Quota& q : plan.quotas) {
      known(q.meter);
      if (!limited.insert(q.meter).second) {
        fault(fmt::format("{}: two quotas for {}", where, q.meter));
      }
    }
    for (const RateLimit& l : plan.rate_limits) known(l.meter);
  }

  void check(const Subscription& s) {
    entry("subscription", s.tenant, s.id);
    const std::string where = fmt::format("subscription {}/{}", s.tenant, s.id);
    if (customers_.count({s.tenant, s.customer}) == 0) {
      fault(fmt::format("{}: no customer \"{}\"", where, s.customer));
    }
    if (plans_.count({s.tenant, s.plan}) == 0) {
      fault(fmt::format("{}: no plan \"{}\"", where, s.plan));
    } else if (catalog_.plan(s.tenant, s.plan, s.from_us) == nullptr) {
      fault(fmt::format("{}: plan \"{}\" begins after the subscription", where, s.plan));
    }
  }

  // Periods of one subscription must meet, so the versions of a plan share period, zone, currency.
  void same_rule_in_all_versions() {
    for (const Plan& a : catalog_.plans) {
      for (const Plan& b : catalog_.plans) {
        if (&a >= &b || a.tenant != b.tenant || a.id != b.id) continue;
        if (a.period == b.period && a.time_zone == b.time_zone && a.currency == b.currency)
          continue;
        fault(
            fmt::format("plan {}/{}: versions differ in period, time_zone or currency; "
                        "use a new plan id instead",
                        a.tenant, a.id));
      }
    }
  }

  const Catalog& catalog_;
  std::set<std::string> tenants_;
  std::set<Key> meters_, plans_, customers_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> validate(const Catalog& catalog) { return Validation(catalog).run(); }

}  // namespace weir
