#include "quota/meters.h"

#include <algorithm>
#include <map>
#include <utility>

namespace weir {

Meters::Meters(std::int64_t version, const Catalog& catalog) : version_(version) {
  std::map<std::pair<std::string, std::string>, std::vector<const Meter*>> grouped;
  for (const Meter& meter : catalog.meters) grouped[{meter.tenant, meter.id}].push_back(&meter);
  for (auto& [key, versions] : grouped) {
    std::ranges::sort(versions, {}, &Meter::from_us);
    const auto index = static_cast<std::uint32_t>(ids_.size());
    ids_.push_back(key.second);
    for (std::size_t i = 0; i < versions.size(); ++i) {
      const Meter& meter = *versions[i];
      const std::int64_t to = i + 1 < versions.size() ? versions[i + 1]->from_us : kForEverUs;
      by_tenant_[key.first].push_back(
          {index, meter.from_us, to, meter.aggregate, meter.quantity, meter.filter});
    }
  }
}

Result<std::shared_ptr<const Meters>> Meters::of(const StoredCatalog& stored) {
  Result<Catalog> catalog = read_catalog_json(stored.canonical);
  if (!catalog) {
    return Error{ErrorCode::integrity,
                 "the stored catalogue " + std::to_string(stored.version) +
                     " cannot be read: " + catalog.error().what,
                 ""};
  }
  return std::shared_ptr<const Meters>(std::make_shared<Meters>(stored.version, *catalog));
}

std::span<const MeterVersion> Meters::of_tenant(std::string_view tenant) const {
  const auto found = by_tenant_.find(std::string(tenant));
  return found == by_tenant_.end() ? std::span<const MeterVersion>{} : found->second;
}

}  // namespace weir
