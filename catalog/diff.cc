// What applying another catalogue would change, for people: one line an entry.
#include "catalog/catalog.h"

#include <fmt/format.h>
#include <map>

namespace weir {
namespace {

using Entries = std::map<std::string, std::string>;  // name → its canonical JSON

// Each entry's own canonical JSON is that of a catalogue which holds nothing else: one way to write
// an entry down, so that two compare equal exactly when they would be stored alike.
Entries entries_of(const Catalog& catalog) {
  Entries entries;
  auto version = [](std::int64_t from_us) {
    return from_us == kSinceAlwaysUs ? std::string() : " from " + format_rfc3339(from_us);
  };
  for (const Tenant& t : catalog.tenants) {
    Catalog one;
    one.tenants = {t};
    entries["tenant " + t.id] = one.canonical_json();
  }
  for (const Meter& m : catalog.meters) {
    Catalog one;
    one.meters = {m};
    entries[fmt::format("meter {}/{}{}", m.tenant, m.id, version(m.from_us))] =
        one.canonical_json();
  }
  for (const Plan& p : catalog.plans) {
    Catalog one;
    one.plans = {p};
    entries[fmt::format("plan {}/{}{}", p.tenant, p.id, version(p.from_us))] = one.canonical_json();
  }
  for (const Customer& c : catalog.customers) {
    Catalog one;
    one.customers = {c};
    entries[fmt::format("customer {}/{}", c.tenant, c.id)] = one.canonical_json();
  }
  for (const Subscription& s : catalog.subscriptions) {
    Catalog one;
    one.subscriptions = {s};
    entries[fmt::format("subscription {}/{}", s.tenant, s.id)] = one.canonical_json();
  }
  return entries;
}

}  // namespace

std::vector<std::string> diff_catalogs(const Catalog& present, const Catalog& next) {
  const Entries before = entries_of(present);
  const Entries after = entries_of(next);
  std::vector<std::string> lines;
  for (const auto& [name, json] : before) {
    if (after.count(name) == 0) lines.push_back("- " + name);
  }
  for (const auto& [name, json] : after) {
    auto old = before.find(name);
    if (old == before.end()) {
      lines.push_back("+ " + name);
    } else if (old->second != json) {
      lines.push_back("~ " + name);
    }
  }
  return lines;
}

}  // namespace weir
