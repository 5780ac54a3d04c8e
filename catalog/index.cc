#include "catalog/index.h"

#include <functional>

namespace weir {

std::size_t SubscriptionIndex::HashName::operator()(const Name& name) const {
  constexpr std::hash<std::string_view> kHash;
  // Odd, so that the tenant's bits all stay; a pair with its names exchanged hashes otherwise.
  return kHash(name.first) * 0x9E3779B97F4A7C15u + kHash(name.second);
}

SubscriptionIndex::SubscriptionIndex(const Catalog& catalog) {
  by_name_.reserve(catalog.subscriptions.size());
  for (const Subscription& s : catalog.subscriptions) by_name_.emplace(Name(s.tenant, s.id), &s);
}

const Subscription* SubscriptionIndex::find(std::string_view tenant, std::string_view id) const {
  const auto it = by_name_.find({tenant, id});
  return it == by_name_.end() ? nullptr : it->second;
}

}  // namespace weir
