#include "quota/rebuild/rebuilt_close.h"

#include "quota/postgres_sql.h"
#include "quota/postgres_store.h"

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
    "WITH late AS (SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], "
    "  $6::bigint[]) AS l (tenant, subscription, meter, bucket_us, units)), "
    "assigned AS (UPDATE quota.adjustment a SET close_id = $1 FROM late l "
    "  WHERE a.close_id IS NULL AND a.tenant = l.tenant AND a.subscription = l.subscription "
    "    AND a.meter = l.meter AND a.bucket_us = l.bucket_us "
    "  RETURNING a.tenant, a.subscription, a.meter, a.bucket_us, a.units) "
    "SELECT l.tenant || '/' || l.subscription || '/' || l.meter, l.bucket_us, l.units, "
    "  coalesce(sum(a.units), 0)::bigint AS found "
    "FROM late l LEFT JOIN assigned a USING (tenant, subscription, meter, bucket_us) "
    "GROUP BY l.tenant, l.subscription, l.meter, l.bucket_us, l.units "
    "HAVING l.units <> coalesce(sum(a.units), 0) ORDER BY 1, 2";

// What stands here at a close's cut was known to it, and a recount asks by time what a close knew.
constexpr std::string_view kStampKnown =
    "WITH late AS (UPDATE quota.adjustment SET applied_at_us = $1 - 1 WHERE applied_at_us >= $1) "
    "UPDATE quota.unprovable SET accepted_at_us = $1 - 1 WHERE accepted_at_us >= $1";

Params params_of(const CloseVector& close) {
  std::vector<std::string_view> tenants, subscriptions, meters;
  Integers numbers(2);
  for (const LateSum& sum : close.late) {
    tenants.push_back(sum.tenant);
    subscriptions.push_back(sum.subscription);
    meters.push_back(sum.meter);
    numbers.add({sum.bucket_us, sum.units});
  }
  Params params;
  params.integer(close.id).texts(tenants).texts(subscriptions).texts(meters);
  numbers.put(params);
  return params;
}

void compare(std::vector<std::string>& differs, const CloseVector& close, const CutCounts& cut,
             const char* name, std::int64_t told, std::int64_t found) {
  if (told < 0 || told == found) return;
  differs.push_back("close " + std::to_string(close.id) + ", partition " +
                    std::to_string(cut.partition) + ": " + std::to_string(found) + " events " +
                    name + ", the certificate says " + std::to_string(told));
}

Status compare_counts(Transaction& tx, const CloseVector& close, std::vector<std::string>& differs,
                      Deadline deadline) {
  Result<Rows> rows = tx.run(
      "SELECT p.partition, next, received, applied, duplicate, quarantined, unprovable, adjusted "
      "FROM quota.progress p JOIN quota.deployment d ON d.incarnation = p.incarnation "
      "ORDER BY p.partition",
      deadline);
  if (!rows) return std::move(rows).error();
  WEIR_CHECK(rows->size() == close.partitions.size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const CutCounts& cut = close.partitions[i];
    const auto found = [&](int column) { return rows->integer(i, column); };
    if (found(1) != cut.n) {
      differs.push_back("close " + std::to_string(close.id) + ", partition " +
                        std::to_string(cut.partition) + ": the stream is at " +
                        std::to_string(found(1)) + ", the cut was " + std::to_string(cut.n));
    }
    compare(differs, close, cut, "received", cut.received, found(2));
    compare(differs, close, cut, "applied", cut.applied, found(3));
    compare(differs, close, cut, "duplicate", cut.duplicate, found(4));
    compare(differs, close, cut, "quarantined", cut.quarantined, found(5));
    compare(differs, close, cut, "unprovable", cut.unprovable, found(6));
    compare(differs, close, cut, "adjusted", cut.adjusted, found(7));
  }
  return Status();
}

}  // namespace

Status RebuiltLedger::begin(Deadline deadline) {
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

Result<std::vector<std::string>> RebuiltLedger::close(const CloseVector& close, Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return std::move(lease).error();
  Result<Transaction> tx = Transaction::begin(**lease, deadline);
  if (!tx) return std::move(tx).error();
  Result<Rows> moved = tx->run("SELECT * FROM quota.v1_advance_closed_until($1)",
                               Params().integer(close.t_us), deadline);
  if (!moved) return std::move(moved).error();
  if (moved->size() != 1) {
    return Error{ErrorCode::config,
                 "close " + std::to_string(close.id) + " ends on no bucket edge of this database",
                 "set quota.bucket to what it was, in a database made new"};
  }
  std::vector<std::string> differs;
  Result<Rows> rows = tx->run(kAssign, params_of(close), deadline);
  if (!rows) return std::move(rows).error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    differs.push_back("close " + std::to_string(close.id) + " billed " +
                      std::to_string(rows->integer(i, 2)) + " late units of " +
                      std::string(rows->text(i, 0)) + " at " + format_rfc3339(rows->integer(i, 1)) +
                      ", here are " + std::to_string(rows->integer(i, 3)));
  }
  WEIR_TRY(tx->run(kStampKnown, Params().integer(close.closed_at_us), deadline));
  WEIR_TRY(compare_counts(*tx, close, differs, deadline));
  WEIR_TRY(tx->commit(deadline));
  return differs;
}

Status RebuiltLedger::end(const std::vector<std::string>& differences, Deadline deadline) {
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

}  // namespace weir
