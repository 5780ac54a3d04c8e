#include "billing/charge_key.h"

#include "base/digest.h"

#include <algorithm>

namespace weir {

std::string charge_key(const Charged& charged) {
  std::vector<PeriodKey> periods = charged.periods;
  std::sort(periods.begin(), periods.end());
  periods.erase(std::unique(periods.begin(), periods.end()), periods.end());
  std::vector<std::string> fields = {charged.close_digest, charged.tenant, charged.customer,
                                     charged.kind};
  for (const PeriodKey& period : periods) {
    fields.push_back(period.tenant);
    fields.push_back(period.subscription);
    fields.push_back(std::to_string(period.from_us));
    fields.push_back(std::to_string(period.to_us));
  }
  fields.push_back(std::to_string(charged.revision));
  const std::vector<std::string_view> views(fields.begin(), fields.end());
  return sha256_hex(length_prefixed(views));
}

}  // namespace weir
