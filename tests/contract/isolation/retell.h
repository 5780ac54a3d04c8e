// What the interfaces give back, as text: so that two ledgers can be compared call by call. Times that
// quota's own clock wrote are left out; an error is its code.
#pragma once

#include "tests/contract/isolation/ledger_under_test.h"

#include <string>

namespace weir {

std::string retell(const Status& status);
std::string retell(bool value);
std::string retell(std::int64_t value);
inline std::string retell(std::int32_t value) { return std::to_string(value); }
std::string retell(const std::string& value);
template <class Tag, class T>
std::string retell(const Named<Tag, T>& value) {
  return std::to_string(value.value);
}
std::string retell(const PartitionState& state);
std::string retell(const NumberState& state);
std::string retell(const ProducerState& state);
std::string retell(const ProducerEnd& end);
std::string retell(const QuotaDeployment& deployment);
std::string retell(const QuotaPartition& partition);
std::string retell(const QuotaBlocker& blocker);
std::string retell(const QuotaProducers& producers);
std::string retell(const WrittenBarrier& barrier);
std::string retell(const CloseHead& head);
std::string retell(const CutPartition& cut);
std::string retell(const UsageRow& row);
std::string retell(const AdjustmentRow& row);
std::string retell(const UnattributedRow& row);
std::string retell(const InvoicedSpan& span);
std::string retell(const OpenCharge& charge);
std::string retell(const HeldPeriod& held);
std::string retell(const std::unique_ptr<BillableClose>& billable);
std::string retell(const Billed& billed);
std::string retell(const QuarantineRow& row);
std::string retell(const RedriveRow& row);
std::string retell(const GapRow& row);
std::string retell(const HoleRow& row);
std::string retell(const FlagRow& row);
std::string retell(const UnprovableRow& row);
std::string retell(const ProducerRow& row);
std::string retell(const ContiguousNumber& number);
std::string retell(const ProgressRow& row);
std::string retell(const LineageFacts& facts);

template <class A, class B>
std::string retell(const std::pair<A, B>& pair);
template <class T>
std::string retell(const std::optional<T>& value) {
  return value ? retell(*value) : "none";
}
template <class T>
std::string retell(const std::vector<T>& values) {
  std::string out = "[";
  for (const T& value : values) out += retell(value) + "; ";
  return out + "]";
}
template <class T>
std::string retell(const Result<T>& result) {
  return result ? retell(*result) : std::string(name_of(result.error().code));
}
template <class A, class B>
std::string retell(const std::pair<A, B>& pair) {
  return "(" + retell(pair.first) + " " + retell(pair.second) + ")";
}

}  // namespace weir
