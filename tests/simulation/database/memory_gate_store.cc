#include "tests/simulation/database/memory_gate_store.h"

#include "tests/simulation/database/contract_reads.h"

namespace weir::simulation {
namespace {

template <class Read>
auto read_once(MemoryDatabase& database, std::string_view where, Read read) {
  return Session::once(database.server(), where,
                       [&](Session& session) { return read(ContractReads(database, session)); });
}

}  // namespace

Result<std::int64_t> MemoryGateStore::clock_us(Deadline) {
  return Session::once(database_.server(), "gate.clock",
                       [&](Session& session) -> Result<std::int64_t> { return session.now_us(); });
}

Result<QuotaDeployment> MemoryGateStore::deployment(Deadline) {
  return read_once(database_, "gate.deployment",
                   [](const ContractReads& reads) { return reads.deployment(); });
}

Result<std::vector<QuotaPartition>> MemoryGateStore::progress(std::int32_t incarnation, Deadline) {
  return read_once(database_, "gate.progress",
                   [&](const ContractReads& reads) { return reads.progress(incarnation); });
}

Result<std::vector<QuotaBlocker>> MemoryGateStore::blockers(Deadline) {
  return read_once(database_, "gate.blockers",
                   [](const ContractReads& reads) { return reads.blockers(); });
}

Result<std::int64_t> MemoryGateStore::unprovable_count(Deadline) {
  return read_once(database_, "gate.unprovable_count",
                   [](const ContractReads& reads) { return reads.unprovable_count(); });
}

Result<QuotaProducers> MemoryGateStore::producers(Deadline) {
  auto registry = read_once(database_, "gate.registry",
                            [](const ContractReads& reads) { return reads.registry(); });
  if (!registry) return registry.error();
  auto seals =
      read_once(database_, "gate.seals", [](const ContractReads& reads) { return reads.seals(); });
  if (!seals) return seals.error();
  auto numbers = read_once(database_, "gate.numbers",
                           [](const ContractReads& reads) { return reads.numbers(); });
  if (!numbers) return numbers.error();
  return QuotaProducers{*std::move(registry), *std::move(seals), *std::move(numbers)};
}

Result<std::vector<Override>> MemoryGateStore::overrides(Deadline) {
  return read_once(database_, "gate.overrides",
                   [](const ContractReads& reads) { return reads.overrides(); });
}

Result<std::vector<WrittenBarrier>> MemoryGateStore::barriers(std::int32_t incarnation,
                                                              std::int64_t after_us, Deadline) {
  return read_once(database_, "gate.barriers", [&](const ContractReads& reads) {
    return reads.barriers(incarnation, after_us + 1, INT64_MAX);
  });
}

Status MemoryGateStore::record_barriers(std::span<const WrittenBarrier> barriers, Deadline) {
  for (const WrittenBarrier& barrier : barriers) {
    if (const auto done =
            Session::once(database_.server(), "gate.record_barrier",
                          [&](Session& session) -> Result<bool> {
                            if (barrier.e <= 0 || barrier.d0_us > barrier.d1_us) {
                              return check_violation();
                            }
                            return database_.billing().barrier.insert(
                                session, {barrier.t_us, barrier.incarnation, barrier.partition},
                                {barrier.e, barrier.append_us, barrier.d0_us, barrier.d1_us});
                          });
        !done)
      return done.error();
  }
  return {};
}

Result<std::optional<CloseHead>> MemoryGateStore::last_close(Deadline) {
  return read_once(database_, "gate.last_close",
                   [](const ContractReads& reads) { return reads.last_close(); });
}

Result<std::optional<BillingCatalog>> MemoryGateStore::catalog(Deadline) {
  return read_once(database_, "gate.catalog",
                   [](const ContractReads& reads) { return reads.catalog(); });
}

}  // namespace weir::simulation
