#include "billing/invoice.h"

#include "billing/period.h"
#include "billing/rating.h"
#include "catalog/index.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace weir {
namespace {

/// Who pays a period and by which plan.
struct Terms {
  const Subscription* subscription;
  const Plan* plan;
  int minor_digits;
};

Result<Terms> terms_of(const BillablePeriod& period, const SubscriptionIndex& index) {
  const PeriodKey& key = period.key;
  const std::string name = key.tenant + "/" + key.subscription;
  const Subscription* subscription = index.find(key.tenant, key.subscription);
  if (subscription == nullptr) {
    return Error{ErrorCode::integrity, "the catalogue of a period lacks subscription " + name, ""};
  }
  const Plan* plan = plan_of_period(*period.catalog, *subscription, {key.from_us, key.to_us});
  if (plan == nullptr) {
    return Error{ErrorCode::integrity, "the catalogue of a period lacks the plan of " + name, ""};
  }
  const Result<int> digits = minor_digits(plan->currency);
  if (!digits) return digits.error();
  return Terms{subscription, plan, *digits};
}

MeterUnits units_of(const BillablePeriod& period, const std::string& meter) {
  const auto found = std::find_if(period.meters.begin(), period.meters.end(),
                                  [&](const MeterUnits& units) { return units.meter == meter; });
  return found == period.meters.end() ? MeterUnits{meter, 0, 0, MoneyMinor{}} : *found;
}

Result<InvoiceLine> meter_line(const BillablePeriod& period, const MeterPrice& price,
                               int minor_digits) {
  const MeterUnits units = units_of(period, price.meter);
  const Result<RatedLine> rated = rate_units(price, units.known, minor_digits);
  if (!rated) return rated.error();
  const Result<MoneyMinor> amount = checked_subtract(rated->amount, units.billed_earlier);
  if (!amount) return amount.error();
  const auto kind = period.first ? InvoiceLine::Kind::usage : InvoiceLine::Kind::late;
  return InvoiceLine{kind, period.key, price.meter, units.known, units.added, *amount};
}

Result<std::vector<InvoiceLine>> lines_of(const BillablePeriod& period, const Terms& terms) {
  std::vector<InvoiceLine> lines;
  if (period.first) {
    const Result<MoneyMinor> fee = rate_fee(terms.plan->base_fee, terms.minor_digits);
    if (!fee) return fee.error();
    lines.push_back({InvoiceLine::Kind::base, period.key, "", 0, 0, *fee});
  }
  for (const MeterPrice& price : terms.plan->prices) {
    if (!period.first && units_of(period, price.meter).added == 0) continue;
    Result<InvoiceLine> line = meter_line(period, price, terms.minor_digits);
    if (!line) return line.error();
    lines.push_back(*std::move(line));
  }
  return lines;
}

bool stands_before(const InvoiceLine& a, const InvoiceLine& b) {
  return std::tie(a.period, a.meter) < std::tie(b.period, b.meter);
}

}  // namespace

const char* name_of(InvoiceLine::Kind kind) {
  switch (kind) {
    case InvoiceLine::Kind::base:
      return "base";
    case InvoiceLine::Kind::usage:
      return "usage";
    case InvoiceLine::Kind::late:
      return "late";
  }
  return "?";
}

std::string invoice_id(const std::string& tenant, std::int64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 6) digits = std::string(6 - digits.size(), '0') + digits;
  return tenant + "-" + digits;
}

std::vector<PeriodKey> DraftInvoice::periods() const {
  std::vector<PeriodKey> keys;
  for (const InvoiceLine& line : lines) {
    if (keys.empty() || keys.back() != line.period) keys.push_back(line.period);
  }
  return keys;
}

Result<std::vector<DraftInvoice>> draft_invoices(const std::vector<BillablePeriod>& periods) {
  std::map<std::tuple<std::string, std::string, std::string>, DraftInvoice> by_payer;
  std::map<const Catalog*, SubscriptionIndex> indexes;
  for (const BillablePeriod& period : periods) {
    const auto& index = indexes.try_emplace(period.catalog, *period.catalog).first->second;
    const Result<Terms> terms = terms_of(period, index);
    if (!terms) return terms.error();
    Result<std::vector<InvoiceLine>> lines = lines_of(period, *terms);
    if (!lines) return lines.error();
    if (lines->empty()) continue;
    const std::string& customer = terms->subscription->customer;
    const std::string& currency = terms->plan->currency;
    DraftInvoice& invoice = by_payer[{period.key.tenant, customer, currency}];
    invoice.tenant = period.key.tenant;
    invoice.customer = customer;
    invoice.currency = currency;
    for (InvoiceLine& line : *lines) {
      const Result<MoneyMinor> total = checked_add(invoice.total, line.amount);
      if (!total) return total.error();
      invoice.total = *total;
      invoice.lines.push_back(std::move(line));
    }
  }
  std::vector<DraftInvoice> invoices;
  for (auto& [payer, invoice] : by_payer) {
    std::sort(invoice.lines.begin(), invoice.lines.end(), stands_before);
    invoices.push_back(std::move(invoice));
  }
  return invoices;
}

}  // namespace weir
