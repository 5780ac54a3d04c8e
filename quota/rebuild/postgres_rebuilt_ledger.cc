#include "quota/rebuild/postgres_rebuilt_ledger.h"

#include "quota/postgres_sql.h"
#include "quota/postgres_store.h"

#include <map>
#include <tuple>

namespace weir {
namespace {

constexpr std::string_view kUnderWay = "a rebuild of this ledger is under way";
constexpr std::string_view kFlag =
    "INSERT INTO quota.integrity_flag (kind, incarnation, what, opened_at_us) "
    "SELECT 'rebuild', incarnation, $1, " WEIR_NOW_US
    " FROM quota.deployment ON CONFLICT (kind, incarnation, coalesce(partition, -1), md5(what)) "
    "WHERE cleared_at_us IS NULL DO NOTHING";

// The adjustments of a (tenant, subscription, meter, bucket) lie in one period: a close takes all that
// are there, or none.
constexpr std::string_view kAssign =
    "WITH late AS (SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS l "
    "  (tenant, subscription, meter, bucket_us)) "
    "UPDATE quota.adjustment a SET close_id = $1 FROM late l "
    "WHERE a.close_id IS NULL AND a.tenant = l.tenant AND a.subscription = l.subscription "
    "  AND a.meter = l.meter AND a.bucket_us = l.bucket_us "
    "RETURNING a.tenant, a.subscription, a.meter, a.bucket_us, a.units";

// What stands here at a close's cut was known to it, and a recount asks by time what a close knew.
constexpr std::string_view kStampKnown =
    "WITH late AS (UPDATE quota.adjustment SET applied_at_us = $1 - 1 WHERE applied_at_us >= $1) "
    "UPDATE quota.unprovable SET accepted_at_us = $1 - 1 WHERE accepted_at_us >= $1";

Params params_of(const CloseVector& close) {
  std::vector<std::string_view> tenants, subscriptions, meters;
  Integers numbers(1);
  for (const LateSum& sum : close.late) {
    tenants.push_back(sum.tenant);
    subscriptions.push_back(sum.subscription);
    meters.push_back(sum.meter);
    numbers.add({sum.bucket_us});
  }
  Params params;
  params.integer(close.id).texts(tenants).texts(subscriptions).texts(meters);
  numbers.put(params);
  return params;
}

std::vector<LateSum> sums_of(const Rows& rows) {
  std::map<std::tuple<std::string, std::string, std::string, std::int64_t>, std::int64_t> sums;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sums[{std::string(rows.text(i, 0)), std::string(rows.text(i, 1)), std::string(rows.text(i, 2)),
          rows.integer(i, 3)}] += rows.integer(i, 4);
  }
  std::vector<LateSum> out;
  for (const auto& [key, units] : sums) {
    const auto& [tenant, subscription, meter, bucket_us] = key;
    out.push_back({tenant, subscription, meter, bucket_us, units});
  }
  return out;
}

Error ends_on_no_edge(const CloseVector& close) {
  return Error{ErrorCode::config,
               "close " + std::to_string(close.id) + " ends on no bucket edge of this database",
               "set quota.bucket to what it was, in a database made new"};
}

Error not_quarantined_now(const PastSplit& split) {
  return Error{ErrorCode::integrity,
               "partition " + std::to_string(split.partition.value) + " offset " +
                   std::to_string(split.offset.value) +
                   " was quarantined once and redriven; now it is not quarantined",
               "rebuild with the program that wrote the ledger, or restore a backup"};
}

Status put_lost_row(Transaction& tx, const PastSplit& split, Deadline deadline) {
  const Params where =
      Params().integer(split.partition.value).integer(split.offset.value).integer(split.row);
  WEIR_TRY(
      tx.run("INSERT INTO quota.quarantine_record (incarnation, partition, record_offset, topic, "
             "append_time_us, content_type, raw) SELECT incarnation, $1, $2, topic, 0, '', '' "
             "FROM quota.deployment WHERE $3::bigint IS NOT NULL ON CONFLICT DO NOTHING",
             where, deadline));
  WEIR_TRY(
      tx.run("INSERT INTO quota.quarantine (incarnation, partition, record_offset, row, reason, "
             "field, detail, opened_at_us) SELECT incarnation, $1, $2, $3, 'lost', '', "
             "'the log no longer reaches back to the record', " WEIR_NOW_US
             " FROM quota.deployment ON CONFLICT DO NOTHING",
             where, deadline));
  return Status();
}

Result<std::vector<CutCounts>> read_cut(Transaction& tx, Deadline deadline) {
  Result<Rows> rows = tx.run(
      "SELECT p.partition, next, received, applied, duplicate, quarantined, unprovable, adjusted "
      "FROM quota.progress p JOIN quota.deployment d ON d.incarnation = p.incarnation "
      "ORDER BY p.partition",
      deadline);
  if (!rows) return std::move(rows).error();
  std::vector<CutCounts> cut;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto found = [&](int column) { return rows->integer(i, column); };
    cut.push_back({found(0), found(1), found(2), found(3), found(4), found(5), found(6), found(7)});
  }
  return cut;
}

Status add_audit(Transaction& tx, const PastDecision& past, Deadline deadline) {
  Result<Rows> added = tx.run(
      "INSERT INTO quota.audit (at_us, actor, action, detail, reason, worth) "
      "VALUES ($1, $2, $3, $4, $5, $6)",
      Params()
          .integer(past.at_us)
          .text(past.actor)
          .text(past.action)
          .text(past.detail)
          .text(past.reason)
          .text(past.worth),
      deadline);
  return added ? Status() : Status(added.error());
}

/// What the discard found open, and the row that it resolved.
Status discard(Transaction& tx, const PastSplit& split, Deadline deadline) {
  const std::vector<std::int64_t> children(split.discarded.begin(), split.discarded.end());
  WEIR_TRY(
      tx.run("UPDATE quota.redrive SET state = 'discarded', decided_at_us = $2 WHERE id = ANY ($1)",
             Params().integers(children).integer(split.discard->at_us), deadline));
  Result<Rows> resolved = tx.run(
      "UPDATE quota.quarantine SET resolved_at_us = $4, resolution = 'discarded', "
      "resolved_by = $5, resolved_reason = $6 "
      "WHERE partition = $1 AND record_offset = $2 AND row = $3",
      Params()
          .integer(split.partition.value)
          .integer(split.offset.value)
          .integer(split.row)
          .integer(split.discard->at_us)
          .text(split.discard->actor)
          .text(split.discard->reason),
      deadline);
  return resolved ? Status() : Status(resolved.error());
}

}  // namespace

Status PostgresRebuiltLedger::begin(Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  Result<Rows> rows = (*lease)->run(
      "SELECT (SELECT count(*) FROM quota.progress WHERE next > 0) + "
      "  (SELECT count(*) FROM quota.usage) + (SELECT count(*) FROM quota.adjustment) + "
      "  (SELECT count(*) FROM quota.frozen WHERE closed_until_us > 0)",
      deadline);
  if (!rows) return std::move(rows).error();
  if (rows->integer(0, 0) > 0) {
    return Error{ErrorCode::config, "the quota database is not empty: nothing is rebuilt over it",
                 "rebuild into another database, made new by weir-quota migrate"};
  }
  WEIR_TRY((*lease)->run(kFlag, Params().text(kUnderWay), deadline));
  return Status();
}

Result<RebuiltCut> PostgresRebuiltLedger::close(const CloseVector& close, Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return std::move(lease).error();
  Result<Transaction> tx = Transaction::begin(**lease, deadline);
  if (!tx) return std::move(tx).error();
  Result<Rows> moved = tx->run("SELECT * FROM quota.v1_advance_closed_until($1)",
                               Params().integer(close.t_us), deadline);
  if (!moved) return std::move(moved).error();
  if (moved->size() != 1) return ends_on_no_edge(close);
  Result<Rows> assigned = tx->run(kAssign, params_of(close), deadline);
  if (!assigned) return std::move(assigned).error();
  RebuiltCut cut;
  cut.late = sums_of(*assigned);
  Result<std::vector<CutCounts>> partitions = read_cut(*tx, deadline);
  if (!partitions) return std::move(partitions).error();
  cut.partitions = *std::move(partitions);
  WEIR_TRY(tx->run(kStampKnown, Params().integer(close.closed_at_us), deadline));
  WEIR_TRY(tx->commit(deadline));
  return cut;
}

Status PostgresRebuiltLedger::split(const PastSplit& split, Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  Result<Transaction> tx = Transaction::begin(**lease, deadline);
  if (!tx) return tx.error();
  if (split.lost) WEIR_TRY(put_lost_row(*tx, split, deadline));
  for (const PastSplit::Child& child : split.children) {
    Result<Rows> made = tx->run(
        "INSERT INTO quota.redrive (id, quarantine_id, partition, event, made_at_us) "
        "OVERRIDING SYSTEM VALUE SELECT $1, id, $2, $3, $4 FROM quota.quarantine "
        "WHERE partition = $5 AND record_offset = $6 AND row = $7",
        Params()
            .integer(child.id)
            .integer(child.partition)
            .bytes(child.event)
            .integer(split.decision.at_us)
            .integer(split.partition.value)
            .integer(split.offset.value)
            .integer(split.row),
        deadline);
    if (!made) return made.error();
    if (made->affected() != 1) return not_quarantined_now(split);
  }
  WEIR_TRY(
      tx->run("SELECT setval(pg_get_serial_sequence('quota.redrive', 'id'), "
              "(SELECT max(id) FROM quota.redrive))",
              deadline));
  if (split.discard) WEIR_TRY(discard(*tx, split, deadline));
  WEIR_TRY(add_audit(*tx, split.decision, deadline));
  return tx->commit(deadline);
}

Status PostgresRebuiltLedger::record(const PastDecision& decision, Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  Result<Transaction> tx = Transaction::begin(**lease, deadline);
  if (!tx) return tx.error();
  WEIR_TRY(add_audit(*tx, decision, deadline));
  return tx->commit(deadline);
}

Status PostgresRebuiltLedger::end(const std::vector<std::string>& differences, Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  Result<Transaction> tx = Transaction::begin(**lease, deadline);
  if (!tx) return tx.error();
  for (const std::string& difference : differences) {
    WEIR_TRY(tx->run(kFlag, Params().text(database_text(difference)), deadline));
  }
  WEIR_TRY(tx->run("UPDATE quota.integrity_flag SET cleared_at_us = " WEIR_NOW_US
                   ", cleared_by = 'weir-quota rebuild', cleared_reason = 'done' "
                   "WHERE kind = 'rebuild' AND what = $1 AND cleared_at_us IS NULL",
                   Params().text(kUnderWay), deadline));
  return tx->commit(deadline);
}

RebuiltLedger::Ids PostgresRebuiltLedger::find(std::string_view sql, const Params& params,
                                               Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return std::move(lease).error();
  Result<Rows> rows = (*lease)->run(sql, params, deadline);
  if (!rows) return std::move(rows).error();
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < rows->size(); ++i) ids.push_back(rows->integer(i, 0));
  return ids;
}

RebuiltLedger::Ids PostgresRebuiltLedger::find_quarantine(std::int64_t partition,
                                                          std::int64_t offset, std::int64_t row,
                                                          Deadline deadline) {
  return find(
      "SELECT id FROM quota.quarantine WHERE partition = $1 AND record_offset = $2 AND row = $3 "
      "AND resolved_at_us IS NULL ORDER BY id",
      Params().integer(partition).integer(offset).integer(row), deadline);
}

RebuiltLedger::Ids PostgresRebuiltLedger::find_unprovable(std::string_view identity,
                                                          Deadline deadline) {
  return find(
      "SELECT id FROM quota.unprovable WHERE identity = decode($1, 'hex') AND accepted_at_us IS "
      "NULL ORDER BY id",
      Params().text(identity), deadline);
}

RebuiltLedger::Ids PostgresRebuiltLedger::find_holes(const PastHole& hole, Deadline deadline) {
  return find(
      "SELECT id FROM quota.hole WHERE producer = $1 AND epoch = $2 AND partition = $3 AND "
      "from_number >= $4 AND to_number <= $5 AND closed_at_us IS NULL AND accepted_at_us IS NULL "
      "ORDER BY id",
      Params()
          .text(hole.producer)
          .integer(hole.epoch)
          .integer(hole.partition)
          .integer(hole.from)
          .integer(hole.to),
      deadline);
}

RebuiltLedger::Ids PostgresRebuiltLedger::find_gaps(std::int64_t partition, std::int64_t from,
                                                    std::int64_t to, Deadline deadline) {
  return find(
      "SELECT id FROM quota.gap WHERE partition = $1 AND from_offset = $2 AND to_offset = $3 AND "
      "accepted_at_us IS NULL ORDER BY id",
      Params().integer(partition).integer(from).integer(to), deadline);
}

RebuiltLedger::Ids PostgresRebuiltLedger::find_flags(std::string_view kind, std::string_view what,
                                                     Deadline deadline) {
  return find(
      "SELECT id FROM quota.integrity_flag WHERE kind = $1 AND what = $2 AND kind <> 'lineage' "
      "AND cleared_at_us IS NULL ORDER BY id",
      Params().text(kind).text(what), deadline);
}

}  // namespace weir
