#include "billing/verify/recount.h"

#include <algorithm>

namespace weir {
namespace {

bool passes(const Meter& meter, const RequestBatch& rows, std::size_t row) {
  const MeterFilter& filter = meter.filter;
  return (filter.api.empty() || filter.api == rows.api.at(row)) &&
         (filter.route.empty() || filter.route == rows.route.at(row)) &&
         (filter.method.empty() || filter.method == rows.method.at(row)) &&
         rows.status[row] >= filter.status_from && rows.status[row] <= filter.status_to;
}

std::int64_t units_of(const Meter& meter, const RequestBatch& rows, std::size_t row) {
  if (meter.aggregate == Meter::Aggregate::count) return 1;
  if (meter.quantity == "units") return rows.units[row];
  const QuantityColumn& quantities = rows.quantities;
  for (std::uint32_t i = quantities.begin(row); i < quantities.end(row); ++i) {
    if (quantities.names().text_of(quantities.name_code(i)) == meter.quantity) {
      return quantities.value(i);
    }
  }
  return 0;
}

/// Of the versions of one tenant's meters, those in force at the time.
bool in_force(const std::vector<const Meter*>& all, const Meter& meter, std::int64_t time_us) {
  if (meter.from_us > time_us) return false;
  return std::none_of(all.begin(), all.end(), [&](const Meter* other) {
    return other->id == meter.id && other->from_us > meter.from_us && other->from_us <= time_us;
  });
}

}  // namespace

Recount::Recount(const Catalog& catalog, RecountRules rules) : rules_(rules) {
  for (const Meter& meter : catalog.meters) meters_[meter.tenant].push_back(&meter);
}

void Recount::begin_partition(RecordedVerdicts verdicts) {
  verdicts_ = std::move(verdicts);
  known_.clear();
}

Status Recount::add(Offset offset, AppendTime append_time, const RequestBatch& rows,
                    const std::vector<std::uint32_t>& row_index) {
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const std::int64_t at = row_index.empty() ? static_cast<std::int64_t>(row) : row_index[row];
    if (quarantined(offset, at)) continue;
    ++events_;
    const auto [first, fresh] = known_.emplace(rows.identity[row], append_time);
    if (!fresh) {
      ++copies_;
      const std::int64_t asked_since = std::min(rows.time[row].value - rules_.skew.count(),
                                                append_time.value - rules_.restamp_window.count());
      if (first->second.value < asked_since) count(rows, row, true);
      continue;
    }
    if (!verdicts_.unprovable.contains({offset.value, at})) count(rows, row, false);
  }
  if (known_.size() <= rules_.identities_max) return {};
  return Error{ErrorCode::full,
               "a partition holds more than " + std::to_string(rules_.identities_max) +
                   " events: too many to be recounted in memory",
               ""};
}

void Recount::count(const RequestBatch& rows, std::size_t row, bool maybe) {
  const std::int64_t time_us = rows.time[row].value;
  if (time_us < rules_.from_us || time_us >= rules_.to_us) return;
  const std::string subscription(rows.subscription.at(row));
  if (subscription.empty()) return;
  const std::string tenant(rows.tenant.at(row));
  const auto meters = meters_.find(tenant);
  if (meters == meters_.end()) return;
  const std::int64_t length = rules_.bucket.count();
  const std::int64_t bucket_us = time_us - ((time_us % length) + length) % length;
  for (const Meter* meter : meters->second) {
    if (!in_force(meters->second, *meter, time_us) || !passes(*meter, rows, row)) continue;
    const std::int64_t units = units_of(*meter, rows, row);
    Counted& sum = counted_[{tenant, subscription, meter->id, bucket_us}];
    (maybe ? sum.maybe : sum.units) += units;
  }
}

}  // namespace weir
