#include "billing/held.h"

namespace weir {
namespace {

constexpr std::size_t kReasonsSpelledOut = 3;

}  // namespace

std::string describe(const std::vector<Reason>& all) {
  const std::vector<Reason> reasons = by_urgency(all);
  std::string text;
  for (std::size_t i = 0; i < reasons.size() && i < kReasonsSpelledOut; ++i) {
    const Reason& reason = reasons[i];
    if (i > 0) text += "; ";
    text += reason.code;
    if (reason.partition) text += " (partition " + std::to_string(*reason.partition) + ")";
    text += ": " + reason.detail;
  }
  if (reasons.size() > kReasonsSpelledOut) {
    text += "; and " + std::to_string(reasons.size() - kReasonsSpelledOut) + " more";
  }
  return text;
}

Result<std::vector<HeldPeriod>> hold_due(const Catalog& catalog,
                                         const std::vector<InvoicedSpan>& invoiced,
                                         const Readiness& readiness) {
  const auto due = due_at(catalog, invoiced, readiness.t_us);
  if (!due) return due.error();
  const Reason& urgent = most_urgent(readiness.reasons);
  std::vector<HeldPeriod> held;
  for (const DuePeriod& period : *due) {
    held.push_back({period.key, period.customer, urgent.code, describe(readiness.reasons), 0, 0,
                    urgent.next_action});
  }
  return held;
}

}  // namespace weir
