#include "billing/catalog_store.h"

#include "billing/period.h"
#include "billing/quota_contract.h"
#include "catalog/index.h"

namespace weir {
namespace {

std::string text_of(const TimeRange& range) {
  return format_rfc3339(range.from_us) + " to " + format_rfc3339(range.to_us);
}

/// Checks `next` against the present one and what is frozen; no faults: it may be applied.
Result<std::vector<Fault>> check_change(const std::optional<BillingCatalog>& present,
                                        const Catalog& next, const QuotaDeployment& deployment) {
  std::vector<Fault> faults = check_period_edges(next, deployment.bucket_us);
  if (!present) return faults;
  const auto former = read_catalog_json(present->canonical);
  if (!former) return former.error().within("stored catalogue");
  for (Fault& fault : check_open_periods(*former, next, deployment.closed_until_us)) {
    faults.push_back(std::move(fault));
  }
  return faults;
}

Status insert_catalog(Transaction& tx, const CatalogApplied& applied, const Catalog& next,
                      const std::string& actor, Deadline deadline) {
  WEIR_TRY(
      tx.run("insert into billing.catalog (version, digest, canonical, applied_at_us, "
             "applied_by) values ($1, $2, $3, quota.v1_clock_us(), $4)",
             Params()
                 .integer(applied.version)
                 .text(applied.digest)
                 .text(next.canonical_json())
                 .text(actor),
             deadline));
  WEIR_TRY(
      tx.run("insert into billing.audit (at_us, actor, action, detail) "
             "values (quota.v1_clock_us(), $1, 'catalog apply', $2)",
             Params().text(actor).text("version " + std::to_string(applied.version) + " " +
                                       applied.digest),
             deadline));
  return {};
}

}  // namespace

std::vector<Fault> check_period_edges(const Catalog& next, std::int64_t bucket_us) {
  std::vector<Fault> faults;
  for (const Plan& plan : next.plans) {
    const std::string where = "plan " + plan.tenant + "/" + plan.id;
    if (plan.period.kind == PeriodRule::Kind::fixed &&
        plan.period.length.count() % bucket_us != 0) {
      faults.push_back({where, "its period is no multiple of the bucket of " +
                                   format_duration(Micros(bucket_us))});
    }
    if (plan.from_us != kSinceAlwaysUs && plan.from_us % bucket_us != 0) {
      faults.push_back({where, "from " + format_rfc3339(plan.from_us) +
                                   " is not on the edge of a bucket of " +
                                   format_duration(Micros(bucket_us))});
    }
  }
  return faults;
}

std::vector<Fault> check_open_periods(const Catalog& present, const Catalog& next,
                                      std::int64_t closed_until_us) {
  std::vector<Fault> faults;
  const SubscriptionIndex index(next);
  for (const Subscription& subscription : present.subscriptions) {
    const auto open = period_of(present, subscription, closed_until_us - 1);
    if (!open || !*open || (*open)->to_us <= closed_until_us) continue;
    const std::string where = "subscription " + subscription.tenant + "/" + subscription.id;
    const Subscription* kept = index.find(subscription.tenant, subscription.id);
    if (kept == nullptr) {
      faults.push_back({where, "is gone, but its period " + text_of(**open) +
                                   " has begun: end it with `to` instead"});
      continue;
    }
    const auto now = period_of(next, *kept, closed_until_us - 1);
    if (now && *now == *open) continue;
    faults.push_back({where, "its period " + text_of(**open) +
                                 " has begun and must stay: change the plan by a new version with "
                                 "`from` at its end"});
  }
  return faults;
}

Result<CatalogApplied> apply_billing_catalog(Connection& connection, const Catalog& next,
                                             const std::string& actor, Deadline deadline) {
  Result<Transaction> tx = Transaction::begin(connection, deadline);
  if (!tx) return tx.error();
  WEIR_TRY(tx->run("select one from billing.gate for share", deadline));
  const auto present = read_billing_catalog(connection, deadline);
  if (!present) return present.error();
  CatalogApplied applied{*present ? (*present)->version + 1 : 1, next.digest(), true, {}};
  if (*present && (*present)->digest == applied.digest) {
    return CatalogApplied{(*present)->version, applied.digest, false, {}};
  }
  const auto deployment = read_quota_deployment(connection, deadline);
  if (!deployment) return deployment.error();
  auto faults = check_change(*present, next, *deployment);
  if (!faults) return faults.error();
  applied.faults = *std::move(faults);
  if (!applied.faults.empty()) return applied;
  WEIR_TRY(insert_catalog(*tx, applied, next, actor, deadline));
  WEIR_TRY(tx->commit(deadline));
  return applied;
}

}  // namespace weir
