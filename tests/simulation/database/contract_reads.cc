#include "tests/simulation/database/contract_reads.h"

#include <algorithm>

namespace weir::simulation {
namespace {

constexpr std::size_t kBlockersMax = 1000;

QuotaBlocker blocker(std::string kind, std::int64_t id, std::optional<std::int32_t> partition,
                     std::string what, std::optional<std::int64_t> at, std::int64_t opened_at_us) {
  if (at && *at >= 0) what += " at " + std::to_string(*at);
  return {std::move(kind), id, partition, std::move(what), opened_at_us};
}

}  // namespace

Result<QuotaDeployment> ContractReads::deployment() const {
  const Deployment& facts = *quota_.deployment.find(session_, kOne);
  QuotaDeployment out;
  out.deployment_id = facts.deployment_id;
  out.topic = facts.topic;
  out.cluster_id = facts.cluster_id;
  out.incarnation = facts.incarnation.value;
  out.partitions = facts.partitions;
  out.bucket_us = facts.bucket.count();
  out.grace_us = facts.grace.count();
  out.permitted_future_us = facts.permitted_future.count();
  out.delivery_timeout_us = facts.delivery_timeout.count();
  out.partitioner = facts.partitioner;
  out.closed_until_us = *quota_.frozen.find(session_, kOne);
  quota_.catalog.each(
      session_, [&](std::int64_t, const CatalogRow& row) { out.catalog_digest = row.digest; });
  return out;
}

Result<std::vector<QuotaPartition>> ContractReads::progress(std::int32_t incarnation) const {
  std::vector<QuotaPartition> out;
  quota_.progress.each(session_, [&](const ProgressKey& key, const ProgressRow& row) {
    if (key.first != incarnation) return;
    QuotaPartition of;
    of.partition = key.second;
    of.next = row.next;
    of.applied_at_us = row.applied_at_us;
    of.received = row.counts.received;
    of.applied = row.counts.applied;
    of.duplicate = row.counts.duplicate;
    of.quarantined = row.counts.quarantined;
    of.unprovable = row.counts.unprovable;
    of.adjusted = row.adjusted;
    of.unnumbered = row.counts.unnumbered;
    of.horizon_from_us = row.horizon_from_us;
    of.horizon_us = row.horizon_us;
    of.restamp_window_us = row.restamp_window_us;
    of.restamp_short_until_us = row.restamp_short_until_us.value_or(0);
    out.push_back(of);
  });
  return out;
}

Result<std::vector<QuotaBlocker>> ContractReads::blockers() const {
  std::vector<QuotaBlocker> out;
  quota_.gap.each(session_, [&](const SpanKey& key, const GapRow& row) {
    if (row.accepted_at_us) return;
    out.push_back(
        blocker("gap", row.id, std::get<1>(key), row.reason, std::get<2>(key), row.opened_at_us));
  });
  quota_.quarantine.each(session_, [&](const SpanKey& key, const QuarantineRow& row) {
    if (row.resolved_at_us) return;
    out.push_back(blocker("quarantine", row.id, std::get<1>(key), row.reason, std::get<2>(key),
                          row.opened_at_us));
  });
  quota_.flag.each(session_, [&](std::int64_t id, const FlagRow& row) {
    if (!row.open()) return;
    const bool own = row.kind == "overflow" || row.kind == "after_end";
    out.push_back(blocker(own ? row.kind : "lineage", id, row.partition, row.what, std::nullopt,
                          row.opened_at_us));
  });
  quota_.move.each(session_, [&](std::int64_t id, const MoveRow& row) {
    if (!row.open()) return;
    out.push_back(blocker(
        "move", id, std::nullopt,
        "from topic " + row.former_topic + " to " + row.topic + ", declared by " + row.declared_by,
        std::nullopt, row.declared_at_us));
  });
  std::sort(out.begin(), out.end(), [](const QuotaBlocker& a, const QuotaBlocker& b) {
    return std::tie(a.opened_at_us, a.kind, a.id) < std::tie(b.opened_at_us, b.kind, b.id);
  });
  if (out.size() > kBlockersMax) out.resize(kBlockersMax);
  return out;
}

Result<std::int64_t> ContractReads::unprovable_count() const {
  std::int64_t open = 0;
  quota_.unprovable.each(
      session_, [&](const auto&, const UnprovableRow& row) { open += row.accepted_at_us ? 0 : 1; });
  return open;
}

Result<std::vector<QuotaProducer>> ContractReads::registry() const {
  std::vector<QuotaProducer> out;
  quota_.producer.each(session_, [&](const std::string& id, const ProducerRow& row) {
    QuotaProducer of{id, row.accepted_when,        row.registered_at_us, row.sealed_until_us,
                     {}, row.ended_by.value_or("")};
    if (row.ended_by) of.end_numbers = row.end_numbers;
    out.push_back(std::move(of));
  });
  return out;
}

Result<std::vector<QuotaSeal>> ContractReads::seals() const {
  std::vector<QuotaSeal> out;
  quota_.seal.each(session_, [&](const auto& key, const SealRow& row) {
    out.push_back({key.first, key.second, row.until_us, row.append_us, row.numbers});
  });
  return out;
}

Result<std::vector<QuotaNumber>> ContractReads::numbers() const {
  return contiguous_numbers(quota_, session_);
}

std::vector<QuotaNumber> contiguous_numbers(const Quota& quota, const Session& session) {
  std::map<NumberKey, std::int64_t> first_hole;
  quota.hole.each(session, [&](std::int64_t, const HoleRow& row) {
    if (!row.open()) return;
    const auto [at, fresh] =
        first_hole.try_emplace({row.producer, row.epoch, row.partition}, row.from_number);
    if (!fresh) at->second = std::min(at->second, row.from_number);
  });
  std::vector<QuotaNumber> out;
  quota.producer_number.each(session, [&](const NumberKey& key, const NumberRow& row) {
    const auto hole = first_hole.find(key);
    const auto& [producer, epoch, partition] = key;
    out.push_back(
        {producer, epoch, partition, hole == first_hole.end() ? row.highest : hole->second - 1});
  });
  return out;
}

Result<std::vector<Override>> ContractReads::overrides() const {
  std::vector<Override> out;
  std::vector<std::int64_t> revoked;
  billing_.override.each(session_, [&](std::int64_t, const OverrideRow& row) {
    if (row.revokes) {
      revoked.push_back(*row.revokes);
    } else {
      out.push_back(row.facts);
    }
  });
  std::erase_if(out, [&](const Override& of) {
    return std::find(revoked.begin(), revoked.end(), of.id) != revoked.end();
  });
  return out;
}

Result<std::vector<WrittenBarrier>> ContractReads::barriers(std::int32_t incarnation,
                                                            std::int64_t from_us,
                                                            std::int64_t to_us) const {
  std::vector<WrittenBarrier> out;
  billing_.barrier.each_from(
      session_, {from_us, INT32_MIN, INT32_MIN}, [&](const auto& key, const BarrierRow& row) {
        const auto& [t_us, of, partition] = key;
        if (t_us > to_us) return false;
        if (of == incarnation) {
          out.push_back({t_us, of, partition, row.e, row.append_us, row.d0_us, row.d1_us});
        }
        return true;
      });
  return out;
}

Result<std::optional<CloseHead>> ContractReads::last_close() const {
  std::optional<CloseHead> out;
  billing_.close.each(session_, [&](std::int64_t id, const CloseRow& row) {
    out = CloseHead{id, row.t_us, row.digest};
  });
  return out;
}

Result<std::optional<BillingCatalog>> ContractReads::catalog() const {
  std::optional<BillingCatalog> out;
  billing_.catalog.each(session_, [&](std::int64_t version, const CatalogRow& row) {
    out = BillingCatalog{version, row.digest, row.canonical};
  });
  return out;
}

Result<std::vector<InvoicedSpan>> ContractReads::invoiced_spans() const {
  std::vector<InvoicedSpan> out;
  billing_.due_period.each(session_, [&](const DueKey& key, const DueRow& row) {
    const auto& [tenant, subscription, from_us] = key;
    if (out.empty() || out.back().tenant != tenant || out.back().subscription != subscription) {
      out.push_back({tenant, subscription, {from_us, row.period_to_us}});
    }
    out.back().span.to_us = std::max(out.back().span.to_us, row.period_to_us);
  });
  return out;
}

}  // namespace weir::simulation
