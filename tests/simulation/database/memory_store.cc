#include "tests/simulation/database/memory_store.h"

#include "quota/postgres_store.h"
#include "tests/simulation/database/memory_ingest.h"

#include <algorithm>

namespace weir::simulation {
namespace {

std::vector<Generation> generations_of(const Session& session, const Quota& quota,
                                       Incarnation incarnation, PartitionId partition) {
  std::vector<Generation> out;
  quota.generation.each(session, [&](const auto&, const Generation& g) {
    if (g.incarnation <= incarnation.value && g.partition == partition.value) out.push_back(g);
  });
  std::stable_sort(out.begin(), out.end(), [](const Generation& a, const Generation& b) {
    return std::tie(a.incarnation, a.from_offset) < std::tie(b.incarnation, b.from_offset);
  });
  return out;
}

std::vector<Address> quarantined_of(const Session& session, const Quota& quota,
                                    Incarnation incarnation, PartitionId partition, Offset from) {
  std::vector<Address> out;
  const SpanKey first{incarnation.value, partition.value, from.value, INT64_MIN};
  quota.quarantine.each_from(session, first, [&](const SpanKey& key, const QuarantineRow&) {
    const auto& [of, number, offset, row] = key;
    if (of != incarnation.value || number != partition.value) return false;
    out.push_back(
        {incarnation, Offset{offset}, row < 0 ? kWholeRecord : static_cast<std::uint32_t>(row)});
    return true;
  });
  std::sort(out.begin(), out.end());  // a whole record behind its rows
  return out;
}

}  // namespace

Status insert_flag(Session& session, Quota& quota, FlagRow flag) {
  flag.opened_at_us = session.now_us();
  const std::int64_t id = ++quota.flag_ids;
  // Over all versions: a rival that is not committed yet is waited for.
  std::vector<Slot<FlagRow>*> slots;
  quota.flag.each_slot([&](std::int64_t, Slot<FlagRow>& slot) { slots.push_back(&slot); });
  for (Slot<FlagRow>* slot : slots) {
    if (!slot->rivals([&](const FlagRow& row) { return row.same_as(flag); })) continue;
    WEIR_TRY(session.await_writer(*slot));
    const FlagRow* stands = slot->current(session);
    if (stands != nullptr && stands->same_as(flag)) return {};
  }
  return quota.flag.insert_new(session, id, std::move(flag));
}

Result<std::unique_ptr<IngestTransaction>> MemoryStore::begin(Deadline) {
  database_.server().scheduler.step("quota.begin");
  if (database_.server().away) {
    return Error{ErrorCode::unavailable, "the database is away", ""};
  }
  return std::unique_ptr<IngestTransaction>(
      std::make_unique<MemoryIngest>(database_, grace_, horizon_.identity, isolation_));
}

Result<std::optional<Offset>> MemoryStore::read_next(Incarnation incarnation, PartitionId partition,
                                                     Deadline) {
  using Found = std::optional<Offset>;
  return Session::once(
      database_.server(), "quota.read_next", [&](Session& session) -> Result<Found> {
        const ProgressRow* row =
            database_.quota().progress.find(session, {incarnation.value, partition.value});
        return row == nullptr ? Found() : Found(Offset{row->next});
      });
}

Result<Deployment> MemoryStore::read_deployment(Deadline) {
  return Session::once(database_.server(), "quota.read_deployment",
                       [&](Session& session) -> Result<Deployment> {
                         const Quota& quota = database_.quota();
                         Deployment out = *quota.deployment.find(session, kOne);
                         out.closed_until_us = *quota.frozen.find(session, kOne);
                         return out;
                       });
}

Result<std::optional<StoredCatalog>> MemoryStore::read_catalog(Deadline) {
  using Found = std::optional<StoredCatalog>;
  return Session::once(
      database_.server(), "quota.read_catalog", [&](Session& session) -> Result<Found> {
        Found out;
        database_.quota().catalog.each(session, [&](std::int64_t version, const CatalogRow& row) {
          out = StoredCatalog{version, row.digest, row.canonical};
        });
        return out;
      });
}

Result<std::int32_t> MemoryStore::fix_partitions(std::int32_t count, Deadline) {
  Quota& quota = database_.quota();
  if (const auto done = Session::once(
          database_.server(), "quota.fix_partitions",
          [&](Session& session) {
            return quota.deployment.update(
                session, kOne, [](const Deployment& row) { return row.partitions == 0; },
                [&](Deployment& row) { row.partitions = count; });
          });
      !done)
    return done.error();
  return Session::once(database_.server(), "quota.read_partitions",
                       [&](Session& session) -> Result<std::int32_t> {
                         return quota.deployment.find(session, kOne)->partitions;
                       });
}

Status MemoryStore::insert_progress(Incarnation incarnation, PartitionId partition, Deadline) {
  return Session::once(database_.server(), "quota.insert_progress", [&](Session& session) {
    ProgressRow fresh;
    fresh.applied_at_us = session.now_us();
    return database_.quota().progress.upsert(
        session, {incarnation.value, partition.value}, fresh, [&](ProgressRow& row, bool) {
          row.horizon_us = horizon_.identity.count();
          row.restamp_window_us = horizon_.restamp_window.count();
        });
  });
}

Result<PartitionState> MemoryStore::read_partition(Incarnation incarnation, PartitionId partition,
                                                   Deadline) {
  // REPEATABLE READ there, one statement here: the same.
  return Session::once(
      database_.server(), "quota.read_partition", [&](Session& session) -> Result<PartitionState> {
        const Quota& quota = database_.quota();
        const ProgressRow* row = quota.progress.find(session, {incarnation.value, partition.value});
        WEIR_CHECK(row != nullptr);
        PartitionState state;
        state.partition = partition;
        state.incarnation = incarnation;
        state.next = Offset{row->next};
        state.anchor = row->anchor;
        if (row->unheld_until_us) state.unheld_until = AppendTime{*row->unheld_until_us};
        state.generations = generations_of(session, quota, incarnation, partition);
        state.quarantined =
            quarantined_of(session, quota, incarnation, partition, state.first_named());
        return state;
      });
}

Status MemoryStore::raise_flag(Incarnation incarnation, std::optional<PartitionId> partition,
                               const std::string& kind, const std::string& what, Deadline) {
  return Session::once(database_.server(), "quota.raise_flag", [&](Session& session) {
    FlagRow flag;
    flag.kind = kind;
    flag.incarnation = incarnation.value;
    if (partition) flag.partition = partition->value;
    flag.what = database_text(what);
    return insert_flag(session, database_.quota(), std::move(flag));
  });
}

}  // namespace weir::simulation
