// The provider behind a network: a MemoryProvider whose requests and replies get lost, or come twice.
#pragma once

#include "billing/providers/memory_provider.h"
#include "tests/simulation/world.h"

namespace weir::simulation {

class SimProvider : public Provider {
 public:
  explicit SimProvider(World& world) : world_(world) {}
  Result<ChargeReceipt> charge(const ChargeOrder& order, Deadline deadline) override;
  Result<std::optional<ChargeReceipt>> find(const std::string& key, Deadline deadline) override;

 private:
  World& world_;
};

}  // namespace weir::simulation
