#include "tests/simulation/database/memory_close.h"

#include <algorithm>

namespace weir::simulation {

Result<bool> MemoryClose::advance_closed_until(std::int64_t t_us) {
  return session_.run("close.advance_closed_until", [&]() -> Result<bool> {
    const std::int64_t bucket_us = quota_.deployment.find(session_, kOne)->bucket.count();
    if (t_us % bucket_us != 0) return false;
    return quota_.frozen.update(
        session_, kOne, [&](std::int64_t stands) { return stands < t_us; },
        [&](std::int64_t& closed_until_us) { closed_until_us = t_us; });
  });
}

Result<std::optional<CloseHead>> MemoryClose::last_close() {
  return session_.run("close.last_close", [&] { return reads_.last_close(); });
}

Result<std::vector<CutPartition>> MemoryClose::fence_progress() {
  return session_.run("close.fence_progress", [&]() -> Result<std::vector<CutPartition>> {
    const std::int32_t incarnation = quota_.deployment.find(session_, kOne)->incarnation.value;
    std::vector<CutPartition> cut;
    const auto fenced = quota_.progress.update_all(
        session_,
        [&](const ProgressKey& key, const ProgressRow&) { return key.first == incarnation; },
        [&](const ProgressKey& key, ProgressRow& row) {
          ++row.fence;
          CutPartition partition{key.first, key.second, row.next, -1, ""};
          if (row.anchor) {
            partition.anchor_offset = row.anchor->offset.value;
            partition.anchor_digest = row.anchor->digest;
          }
          cut.push_back(std::move(partition));
        },
        Strength::update);
    if (!fenced) return fenced.error();
    return cut;
  });
}

Result<std::int64_t> MemoryClose::clock_us() {
  return session_.run("close.clock", [&]() -> Result<std::int64_t> { return session_.now_us(); });
}

Result<QuotaDeployment> MemoryClose::deployment() {
  return session_.run("close.deployment", [&] { return reads_.deployment(); });
}

Result<std::vector<QuotaPartition>> MemoryClose::progress(std::int32_t incarnation) {
  return session_.run("close.progress", [&] { return reads_.progress(incarnation); });
}

Result<std::vector<QuotaBlocker>> MemoryClose::blockers() {
  return session_.run("close.blockers", [&] { return reads_.blockers(); });
}

Result<std::int64_t> MemoryClose::unprovable_count() {
  return session_.run("close.unprovable_count", [&] { return reads_.unprovable_count(); });
}

Result<QuotaProducers> MemoryClose::producers() {
  auto registry = session_.run("close.registry", [&] { return reads_.registry(); });
  if (!registry) return registry.error();
  auto seals = session_.run("close.seals", [&] { return reads_.seals(); });
  if (!seals) return seals.error();
  auto numbers = session_.run("close.numbers", [&] { return reads_.numbers(); });
  if (!numbers) return numbers.error();
  return QuotaProducers{*std::move(registry), *std::move(seals), *std::move(numbers)};
}

Result<std::vector<Override>> MemoryClose::overrides() {
  return session_.run("close.overrides", [&] { return reads_.overrides(); });
}

Result<std::vector<WrittenBarrier>> MemoryClose::barriers(std::int32_t incarnation,
                                                          std::int64_t t_us) {
  return session_.run("close.barriers", [&] { return reads_.barriers(incarnation, t_us, t_us); });
}

Result<std::optional<BillingCatalog>> MemoryClose::lock_catalog() {
  if (const auto done =
          session_.run("close.lock_gate",
                       [&]() -> Status {
                         WEIR_TRY(billing_.gate.lock(session_, kOne, Strength::update));
                         return {};
                       });
      !done)
    return done.error();
  return session_.run("close.catalog", [&] { return reads_.catalog(); });
}

Result<std::optional<BillingCatalog>> MemoryClose::former_catalog(std::int64_t close_id,
                                                                  std::int64_t version) {
  return session_.run("close.former_catalog", [&]() -> Result<std::optional<BillingCatalog>> {
    const CloseRow* close = billing_.close.find(session_, close_id);
    if (close == nullptr || close->catalog_version == version) {
      return std::optional<BillingCatalog>();
    }
    const CatalogRow* row = billing_.catalog.find(session_, close->catalog_version);
    if (row == nullptr) return std::optional<BillingCatalog>();
    return std::optional<BillingCatalog>({close->catalog_version, row->digest, row->canonical});
  });
}

Result<std::vector<std::int64_t>> MemoryClose::assign_adjustments(
    std::int64_t close_id, std::span<const std::int64_t> ids) {
  return session_.run("close.assign_adjustments", [&]() -> Result<std::vector<std::int64_t>> {
    std::vector<std::int64_t> assigned;
    for (const std::int64_t id : ids) {
      const auto changed = quota_.adjustment.update(
          session_, id, [](const AdjustmentEntry& row) { return !row.close_id; },
          [&](AdjustmentEntry& row) { row.close_id = close_id; });
      if (!changed) return changed.error();
      if (*changed) assigned.push_back(id);
    }
    return assigned;
  });
}

Result<std::int64_t> MemoryClose::count_unbilled(std::int64_t close_id, std::int64_t until_us) {
  return session_.run("close.count_unbilled", [&]() -> Result<std::int64_t> {
    std::int64_t unbilled = 0;
    billing_.snapshot.each(session_, [&](const auto& key, const SnapshotRow& row) {
      const auto& [tenant, subscription, from_us, close, meter] = key;
      if (close != close_id || row.period_to_us > until_us) return;
      const DueRow* due = billing_.due_period.find(session_, {tenant, subscription, from_us});
      if (due == nullptr || due->period_to_us != row.period_to_us) ++unbilled;
    });
    return unbilled;
  });
}

Status MemoryClose::add_close(const CloseRecord& record) {
  return session_.run("close.add_close", [&]() -> Status {
    const std::int64_t id = record.head.id;
    if (id < 1 || record.previous_t_us >= record.head.t_us) return check_violation();
    if (billing_.catalog.find(session_, record.catalog_version) == nullptr) {
      return foreign_key_violation();
    }
    WEIR_TRY(billing_.close.insert_new(
        session_, id,
        {record.head.t_us, record.previous_t_us, record.predecessor, record.head.digest,
         record.catalog_version, record.incarnation, record.certificate, record.closed_at_us}));
    WEIR_TRY(billing_.close_t_once.insert_new(session_, record.head.t_us, '\0'));
    WEIR_TRY(billing_.close_predecessor_once.insert_new(session_, record.predecessor, '\0'));
    WEIR_TRY(billing_.close_digest_once.insert_new(session_, record.head.digest, '\0'));
    for (const ClosePartition& of : record.partitions) {
      if (of.e > of.cut.n || of.cut.n > of.log_end) return check_violation();
      WEIR_TRY(billing_.close_partition.insert_new(
          session_, {id, of.cut.partition},
          {of.cut.n, of.e, of.log_end, of.cut.anchor_offset, of.cut.anchor_digest}));
    }
    return {};
  });
}

}  // namespace weir::simulation
