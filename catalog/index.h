// Look-ups in a large catalogue by hash; the Catalog's own functions go through its lists.
// Points into the catalogue, which must outlive it unchanged. Threads: any, once made.
#pragma once

#include "catalog/catalog.h"

#include <string>
#include <string_view>
#include <unordered_map>

namespace weir {

class SubscriptionIndex {
 public:
  explicit SubscriptionIndex(const Catalog& catalog);
  /// Null when the catalogue does not know it under this tenant: its usage is unattributed.
  const Subscription* find(std::string_view tenant, std::string_view id) const;

 private:
  std::unordered_map<std::string, const Subscription*> by_key_;
};

}  // namespace weir
