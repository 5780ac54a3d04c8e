#include "catalog/catalog.h"

#include <algorithm>

namespace weir {
namespace {

template <class T>
const T* find(const std::vector<T>& items, std::string_view tenant, std::string_view id) {
  auto it = std::find_if(items.begin(), items.end(),
                         [&](const T& item) { return item.tenant == tenant && item.id == id; });
  return it == items.end() ? nullptr : &*it;
}

template <class T>
const T* version_at(const std::vector<T>& items, std::string_view tenant, std::string_view id,
                    std::int64_t at_us) {
  const T* best = nullptr;
  for (const T& item : items) {
    if (item.tenant != tenant || item.id != id || item.from_us > at_us) continue;
    if (best == nullptr || item.from_us >= best->from_us) best = &item;
  }
  return best;
}

}  // namespace

const Subscription* Catalog::subscription(std::string_view tenant, std::string_view id) const {
  return find(subscriptions, tenant, id);
}

const Customer* Catalog::customer(std::string_view tenant, std::string_view id) const {
  return find(customers, tenant, id);
}

const Plan* Catalog::plan(std::string_view tenant, std::string_view id, std::int64_t at_us) const {
  return version_at(plans, tenant, id, at_us);
}

const Meter* Catalog::meter(std::string_view tenant, std::string_view id,
                            std::int64_t at_us) const {
  return version_at(meters, tenant, id, at_us);
}

}  // namespace weir
