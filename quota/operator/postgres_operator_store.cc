#include "quota/operator/postgres_operator_store.h"

#include "quota/operator/postgres_operator.h"
#include "quota/postgres_store.h"

namespace weir {
namespace {

Result<std::vector<ProgressRow>> read_progress(Transaction& tx, Incarnation incarnation,
                                               Deadline deadline) {
  Result<Rows> rows = tx.run(
      "SELECT partition, next, anchor_offset, anchor_digest, anchor_append_us, "
      "newest_append_us, horizon_from_us, horizon_us, restamp_window_us, unheld_until_us "
      "FROM quota.progress WHERE incarnation = $1 ORDER BY partition",
      Params().integer(incarnation.value), deadline);
  if (!rows) return std::move(rows).error();
  std::vector<ProgressRow> out;
  for (std::size_t i = 0; i < rows->size(); ++i) out.push_back(progress_row(*rows, i));
  return out;
}

Status read_anchors(Transaction& tx, LineageFacts& facts, Deadline deadline) {
  facts.anchors.resize(static_cast<std::size_t>(facts.partitions));
  Result<Rows> rows = tx.run(
      "SELECT partition, record_offset, digest, append_us FROM quota.anchor "
      "WHERE incarnation = $1 AND partition < $2 ORDER BY partition, record_offset",
      Params().integer(facts.incarnation.value).integer(facts.partitions), deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    facts.anchors[static_cast<std::size_t>(rows->integer(i, 0))].push_back(
        {Offset{rows->integer(i, 1)}, std::string(rows->text(i, 2)),
         AppendTime{rows->integer(i, 3)}});
  }
  return Status();
}

Status read_breaks(Transaction& tx, LineageFacts& facts, Deadline deadline) {
  Result<Rows> rows = tx.run(
      "SELECT id, kind, incarnation, partition, what, false, cleared_by "
      "FROM quota.integrity_flag WHERE kind = 'lineage' AND cleared_at_us IS NULL "
      "AND incarnation <= $1 ORDER BY id",
      Params().integer(facts.incarnation.value), deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) facts.breaks.push_back(flag_row(*rows, i));
  return Status();
}

}  // namespace

Result<std::unique_ptr<OperatorTransaction>> PostgresOperatorStore::begin(Deadline deadline) {
  return PostgresOperator::begin(database_, deadline);
}

Result<LineageFacts> PostgresOperatorStore::lineage(Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return std::move(lease).error();
  Result<Transaction> tx = Transaction::begin(**lease, deadline);
  if (!tx) return std::move(tx).error();
  // One snapshot: anchors belong to the `next` that is read.
  WEIR_TRY(tx->run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", deadline));
  Result<Deployment> deployment = read_deployment(**lease, deadline);
  if (!deployment) return std::move(deployment).error();
  LineageFacts facts;
  facts.topic = deployment->topic;
  facts.cluster_id = deployment->cluster_id;
  facts.incarnation = deployment->incarnation;
  facts.partitions = deployment->partitions;
  Result<std::vector<ProgressRow>> progress = read_progress(*tx, facts.incarnation, deadline);
  if (!progress) return std::move(progress).error();
  facts.progress = *std::move(progress);
  WEIR_TRY(read_anchors(*tx, facts, deadline));
  WEIR_TRY(read_breaks(*tx, facts, deadline));
  return facts;
}

}  // namespace weir
