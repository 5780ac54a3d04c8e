#include "billing/providers/memory_provider.h"

namespace weir {

Result<ChargeReceipt> MemoryProvider::charge(const ChargeOrder& order, Deadline) {
  ++calls_;
  Fault fault = Fault::none;
  if (!faults_.empty()) {
    fault = faults_.front();
    faults_.pop_front();
  }
  if (fault == Fault::lost_before) {
    return Error{ErrorCode::unavailable, "provider: connection refused", ""};
  }
  if (order.key.empty() || order.amount.minor.value <= 0) {
    return Error{ErrorCode::invalid, "a charge needs a key and an amount above zero", ""};
  }
  ChargeReceipt receipt{ChargeReceipt::Outcome::succeeded,
                        "memory-" + std::to_string(by_key_.size() + 1), order.amount, ""};
  if (fault == Fault::declined) {
    receipt.outcome = ChargeReceipt::Outcome::declined;
    receipt.reason = "insufficient funds";
  }
  if (fault == Fault::other_amount) ++receipt.amount.minor;
  const ChargeReceipt first = by_key_.emplace(order.key, receipt).first->second;
  if (fault == Fault::lost_after) {
    return Error{ErrorCode::in_doubt, "provider: the reply was lost", ""};
  }
  return first;
}

Result<std::optional<ChargeReceipt>> MemoryProvider::find(const std::string& key, Deadline) {
  if (hidden_) return Error{ErrorCode::unavailable, "provider: connection refused", ""};
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return std::optional<ChargeReceipt>();
  return std::optional<ChargeReceipt>(known->second);
}

int MemoryProvider::taken() const {
  int count = 0;
  for (const auto& [key, receipt] : by_key_) {
    if (receipt.outcome == ChargeReceipt::Outcome::succeeded) ++count;
  }
  return count;
}

std::int64_t MemoryProvider::taken_minor() const {
  std::int64_t sum = 0;
  for (const auto& [key, receipt] : by_key_) {
    if (receipt.outcome == ChargeReceipt::Outcome::succeeded) sum += receipt.amount.minor.value;
  }
  return sum;
}

}  // namespace weir
