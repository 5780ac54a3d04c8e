#include "catalog/index.h"

#include "base/digest.h"

#include <array>

namespace weir {
namespace {

std::string key_of(std::string_view tenant, std::string_view id) {
  return length_prefixed(std::array{tenant, id});
}

}  // namespace

SubscriptionIndex::SubscriptionIndex(const Catalog& catalog) {
  by_key_.reserve(catalog.subscriptions.size());
  for (const Subscription& s : catalog.subscriptions) by_key_.emplace(key_of(s.tenant, s.id), &s);
}

const Subscription* SubscriptionIndex::find(std::string_view tenant, std::string_view id) const {
  auto it = by_key_.find(key_of(tenant, id));
  return it == by_key_.end() ? nullptr : it->second;
}

}  // namespace weir
