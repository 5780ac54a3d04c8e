#include "quota/catalog_store.h"

#include "quota/postgres_sql.h"

namespace weir {
namespace {

constexpr Micros kMeterNotice = std::chrono::minutes(10);

struct Present {
  std::int64_t version = 0;
  std::string digest;
  std::optional<Catalog> catalog;
};

Result<Present> read_present(Connection& connection, Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT version, digest, canonical FROM quota.catalog ORDER BY version DESC LIMIT 1",
      deadline);
  if (!rows) return std::move(rows).error();
  Present present;
  if (rows->empty()) return present;
  Result<Catalog> catalog = read_catalog_json(rows->text(0, 2));
  if (!catalog) return std::move(catalog).error().within("the stored catalogue");
  present.version = rows->integer(0, 0);
  present.digest = std::string(rows->text(0, 1));
  present.catalog = *std::move(catalog);
  return present;
}

/// R8's look at closed_until, and no other catalogue at the same time. Gives the bucket's length.
Result<std::int64_t> hold_still(Transaction& tx, Deadline deadline) {
  WEIR_TRY(tx.run("SELECT closed_until_us FROM quota.frozen FOR SHARE", deadline));
  WEIR_TRY(tx.run("LOCK TABLE quota.catalog IN SHARE ROW EXCLUSIVE MODE", deadline));
  Result<Rows> rows = tx.run("SELECT bucket_us FROM quota.deployment", deadline);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) {
    return Error{ErrorCode::config, "the quota database is not set up", "run: weir-quota migrate"};
  }
  return rows->integer(0, 0);
}

Status insert(Transaction& tx, const AppliedCatalog& applied, const Catalog& next,
              const std::string& actor, Deadline deadline) {
  WEIR_TRY(
      tx.run("INSERT INTO quota.catalog (version, digest, canonical, applied_at_us, applied_by) "
             "VALUES ($1, $2, $3, " WEIR_NOW_US ", $4)",
             Params()
                 .integer(applied.version)
                 .text(applied.digest)
                 .text(next.canonical_json())
                 .text(actor),
             deadline));
  WEIR_TRY(
      tx.run("INSERT INTO quota.audit (at_us, actor, action, detail) "
             "VALUES (" WEIR_NOW_US ", $1, 'catalog apply', $2)",
             Params().text(actor).text("version " + std::to_string(applied.version) + " digest " +
                                       applied.digest),
             deadline));
  return Status();
}

}  // namespace

Result<std::optional<Catalog>> read_stored_catalog(Connection& connection, Deadline deadline) {
  Result<Present> present = read_present(connection, deadline);
  if (!present) return std::move(present).error();
  return std::move(present->catalog);
}

Result<AppliedCatalog> apply_catalog(Connection& connection, const Catalog& next,
                                     const std::string& actor, Deadline deadline) {
  Result<Transaction> tx = Transaction::begin(connection, deadline);
  if (!tx) return std::move(tx).error();
  Result<std::int64_t> bucket_us = hold_still(*tx, deadline);
  if (!bucket_us) return std::move(bucket_us).error();
  Result<Present> present = read_present(connection, deadline);
  if (!present) return std::move(present).error();

  AppliedCatalog applied{present->version, next.digest(), false, {}};
  if (present->digest == applied.digest) return applied;
  if (present->catalog) {
    Result<Rows> now = tx->run("SELECT " WEIR_NOW_US, deadline);
    if (!now) return std::move(now).error();
    // The commit lies no later than the deadline.
    const std::int64_t earliest_us =
        now->integer(0, 0) + deadline.left().count() + kMeterNotice.count();
    applied.faults = check_meter_changes(*present->catalog, next, earliest_us, *bucket_us);
    if (!applied.faults.empty()) return applied;
  }
  ++applied.version;
  applied.changed = true;
  WEIR_TRY(insert(*tx, applied, next, actor, deadline));
  WEIR_TRY(tx->commit(deadline));
  return applied;
}

}  // namespace weir
