// Look-ups in a large catalogue by hash; the Catalog's own functions go through its lists.
// Points into the catalogue, which must outlive it unchanged. Threads: any, once made.
#pragma once

#include "catalog/catalog.h"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace weir {

class SubscriptionIndex {
 public:
  explicit SubscriptionIndex(const Catalog& catalog);
  /// Null when the catalogue does not know it under this tenant: its usage is unattributed.
  const Subscription* find(std::string_view tenant, std::string_view id) const;

 private:
  using Name = std::pair<std::string_view, std::string_view>;  // tenant, id
  struct HashName {
    std::size_t operator()(const Name& name) const;
  };
  std::unordered_map<Name, const Subscription*, HashName> by_name_;
};

}  // namespace weir
