#include "tests/simulation/database/memory_operator_store.h"

#include "tests/simulation/database/memory_operator.h"

namespace weir::simulation {

Result<std::unique_ptr<OperatorTransaction>> MemoryOperatorStore::begin(Deadline) {
  database_.server().scheduler.step("operator.begin");
  if (database_.server().away) {
    return Error{ErrorCode::unavailable, "the database is away", ""};
  }
  return std::unique_ptr<OperatorTransaction>(std::make_unique<MemoryOperator>(database_));
}

Result<LineageFacts> MemoryOperatorStore::lineage(Deadline) {
  // REPEATABLE READ there, one statement here: the same.
  return Session::once(
      database_.server(), "operator.lineage", [&](Session& session) -> Result<LineageFacts> {
        const Quota& quota = database_.quota();
        const Deployment& deployment = *quota.deployment.find(session, kOne);
        LineageFacts facts;
        facts.topic = deployment.topic;
        facts.cluster_id = deployment.cluster_id;
        facts.incarnation = deployment.incarnation;
        facts.partitions = deployment.partitions;
        facts.anchors.resize(static_cast<std::size_t>(facts.partitions));
        const std::int32_t incarnation = facts.incarnation.value;
        quota.progress.each(session, [&](const ProgressKey& key, const ProgressRow& row) {
          if (key.first == incarnation) facts.progress.push_back(progress_of(key, row));
        });
        quota.anchor.each(session, [&](const RecordKey& key, const Anchor& row) {
          if (std::get<0>(key) != incarnation || std::get<1>(key) >= facts.partitions) return;
          facts.anchors[static_cast<std::size_t>(std::get<1>(key))].push_back(row);
        });
        quota.flag.each(session, [&](std::int64_t id, const FlagRow& row) {
          const bool is_break = row.kind == "lineage" && row.open();
          if (is_break && row.incarnation <= incarnation) facts.breaks.push_back(flag_of(id, row));
        });
        return facts;
      });
}

}  // namespace weir::simulation
