#include "tests/simulation/compare_ledgers.h"

#include "billing/certificate.h"
#include "billing/verify/chain.h"
#include "tests/simulation/world.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace weir::simulation {
namespace {

/// What → how much.
using Facts = std::map<std::string, std::int64_t>;

Facts money_of(const Quota& quota) {
  Facts facts;
  quota.usage.each_committed([&](const UsageKey& key, std::int64_t units) {
    const auto& [tenant, subscription, meter, bucket_us, incarnation] = key;
    facts[fmt::format("usage of {}/{} {} at {}", tenant, subscription, meter,
                      format_rfc3339(bucket_us))] += units;
  });
  quota.adjustment.each_committed([&](std::int64_t, const AdjustmentEntry& row) {
    facts[fmt::format("late units of {}/{} {} at {}, billed by close {}", row.tenant,
                      row.subscription, row.meter, format_rfc3339(row.bucket_us),
                      row.close_id.value_or(0))] += row.units;
  });
  facts["frozen until"] = *quota.frozen.committed(kOne);
  return facts;
}

Facts rest_of(const Quota& quota) {
  Facts facts;
  quota.quarantine.each_committed([&](const SpanKey& key, const QuarantineRow& row) {
    facts[fmt::format("quarantined p{}@{} row {}: {}, {}", std::get<1>(key), std::get<2>(key),
                      std::get<3>(key), row.reason, row.resolution)] = 1;
  });
  quota.redrive.each_committed([&](std::int64_t id, const RedriveRow& row) {
    facts[fmt::format("redrive {} {}", id, row.state)] = 1;
  });
  quota.producer_number.each_committed([&](const NumberKey& key, const NumberRow& row) {
    facts[fmt::format("numbers of {} epoch {} p{}", std::get<0>(key), std::get<1>(key),
                      std::get<2>(key))] = row.highest;
  });
  quota.hole.each_committed([&](std::int64_t, const HoleRow& row) {
    if (!row.open()) return;
    facts[fmt::format("hole of {} epoch {} p{} from {}", row.producer, row.epoch, row.partition,
                      row.from_number)] = row.to_number;
  });
  quota.producer.each_committed(
      [&](const std::string& id, const ProducerRow& row) { facts["producer " + id] = row.epoch; });
  quota.progress.each_committed([&](const ProgressKey& key, const ProgressRow& row) {
    const std::string where = fmt::format("p{} ", key.second);
    facts[where + "next"] = row.next;
    facts[where + "received"] = row.counts.received;
    facts[where + "applied"] = row.counts.applied;
    facts[where + "duplicate"] = row.counts.duplicate;
    facts[where + "quarantined"] = row.counts.quarantined;
    facts[where + "unprovable"] = row.counts.unprovable;
    facts[where + "adjusted"] = row.adjusted;
  });
  return facts;
}

std::vector<std::string> compare(const Facts& lost, const Facts& rebuilt) {
  std::vector<std::string> found;
  for (const auto& [what, units] : lost) {
    const auto again = rebuilt.find(what);
    if (again != rebuilt.end() && again->second == units) continue;
    found.push_back(fmt::format("{}: {}, and {} were lost", what,
                                again == rebuilt.end() ? 0 : again->second, units));
  }
  for (const auto& [what, units] : rebuilt) {
    if (!lost.contains(what)) found.push_back(fmt::format("{}: {}, and 0 were lost", what, units));
  }
  return found;
}

/// What stood before a close, kept up from close to close.
class Past {
 public:
  explicit Past(const Quota& quota) : quota_(quota) {}

  Result<Frozen> freeze_again(std::int64_t close_id, std::int64_t from_us, std::int64_t t_us) {
    FreezeInput input;
    input.catalog = &catalog_of_the_world();
    input.t_us = t_us;
    quota_.usage.each_committed([&](const UsageKey& key, std::int64_t units) {
      const auto& [tenant, subscription, meter, bucket_us, incarnation] = key;
      if (bucket_us < from_us || bucket_us >= t_us) return;
      input.usage.push_back({tenant, subscription, meter, bucket_us, units});
    });
    quota_.adjustment.each_committed([&](std::int64_t id, const AdjustmentEntry& row) {
      if (row.close_id != close_id) return;
      const UsageRow usage{row.tenant, row.subscription, row.meter, row.bucket_us, row.units};
      input.adjustments.push_back({id, usage, invoiced_at(usage)});
    });
    for (const auto& [name, periods] : invoiced_) {
      input.invoiced.push_back(
          {name.first, name.second, {periods.begin()->first, periods.rbegin()->second}});
    }
    Result<Frozen> frozen = freeze(input);
    if (!frozen) return frozen;
    for (const DuePeriod& due : frozen->due) {
      invoiced_[{due.key.tenant, due.key.subscription}][due.key.from_us] = due.key.to_us;
    }
    return frozen;
  }

 private:
  std::optional<TimeRange> invoiced_at(const UsageRow& row) const {
    const auto periods = invoiced_.find({row.tenant, row.subscription});
    if (periods == invoiced_.end()) return std::nullopt;
    for (const auto& [from_us, to_us] : periods->second) {
      if (row.bucket_us >= from_us && row.bucket_us < to_us) return TimeRange{from_us, to_us};
    }
    return std::nullopt;
  }

  const Quota& quota_;
  using Name = std::pair<std::string, std::string>;  // tenant and subscription
  std::map<Name, std::map<std::int64_t, std::int64_t>> invoiced_;
};

}  // namespace

std::vector<std::string> compare_money(const Quota& lost, const Quota& rebuilt) {
  return compare(money_of(lost), money_of(rebuilt));
}

std::vector<std::string> compare_the_rest(const Quota& lost, const Quota& rebuilt) {
  return compare(rest_of(lost), rest_of(rebuilt));
}

std::vector<std::string> compare_closes(const MemoryDatabase& lost, const MemoryDatabase& rebuilt) {
  std::vector<std::string> found;
  Past past(rebuilt.quota());
  lost.billing().close.each_committed([&](std::int64_t id, const CloseRow& row) {
    const Result<CertificateFacts> told = read_certificate(row.certificate);
    const Result<Frozen> again = past.freeze_again(id, row.previous_t_us, row.t_us);
    if (!told || !again || digest_of(*again) != told->frozen_digest) {
      found.push_back(fmt::format("close {} freezes something else", id));
    }
  });
  return found;
}

}  // namespace weir::simulation
