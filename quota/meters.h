// The meters of one catalogue version, ready to be asked for every row of a batch.
//
// A meter is a list of versions by event time; each is in force in [from_us, to_us). Immutable.
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "quota/store.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir {

struct MeterVersion {
  std::uint32_t meter;  // index into Meters::id
  std::int64_t from_us, to_us;
  Meter::Aggregate aggregate;
  std::string quantity;
  MeterFilter filter;
};

class Meters {
 public:
  Meters(std::int64_t version, const Catalog& catalog);
  static Result<std::shared_ptr<const Meters>> of(const StoredCatalog& stored);

  /// Of the catalogue.
  std::int64_t version() const { return version_; }
  /// All versions of a tenant's meters; empty for a tenant without any.
  std::span<const MeterVersion> of_tenant(std::string_view tenant) const;
  std::string_view id(std::uint32_t meter) const { return ids_[meter]; }
  std::size_t size() const { return ids_.size(); }

 private:
  std::int64_t version_;
  std::vector<std::string> ids_;
  std::unordered_map<std::string, std::vector<MeterVersion>> by_tenant_;
};

}  // namespace weir
