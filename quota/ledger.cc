#include "quota/ledger.h"

#include "quota/postgres_sql.h"

#include <mutex>

namespace weir {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using Names = std::unordered_map<std::string, const Subscription*>;

constexpr std::string_view kView =
    "SELECT " WEIR_NOW_US
    ", d.bucket_us, coalesce((SELECT max(version) FROM quota.catalog), 0), "
    "  CASE WHEN d.partitions > 0 AND p.caught_up = d.partitions THEN p.complete_through_us END "
    "FROM quota.deployment d LEFT JOIN LATERAL ("
    "  SELECT count(complete_through_us) AS caught_up, "
    "    min(complete_through_us) AS complete_through_us "
    "  FROM quota.progress WHERE incarnation = d.incarnation) p ON true";

constexpr std::string_view kSums =
    "SELECT meter, least(sum(units), 9223372036854775807)::bigint, "
    "  least(sum(adjusted), 9223372036854775807)::bigint FROM ("
    "  SELECT meter, units, 0 AS adjusted FROM quota.usage WHERE tenant = $1 AND "
    "    subscription = $2 AND bucket_us >= $3 AND bucket_us < $4 "
    "  UNION ALL SELECT meter, units, units FROM quota.adjustment WHERE tenant = $1 AND "
    "    subscription = $2 AND bucket_us >= $3 AND bucket_us < $4) all_units GROUP BY meter";

struct Remembered {
  TimeRange range;
  SteadyTime read_at;
  std::shared_ptr<const MeterSums> sums;
};

}  // namespace

struct Ledger::State {
  Database& database;
  const Limits limits;

  std::mutex mutex;
  std::shared_ptr<const LedgerView> view;              // guarded by mutex
  std::unordered_map<std::string, Remembered> recent;  // guarded by mutex

  State(Database& d, Limits l) : database(d), limits(l) {}
  Deadline call() const { return Deadline::in(limits.timeout); }
  bool fresh(SteadyTime read_at) const {
    return std::chrono::steady_clock::now() - read_at <= limits.age_max;
  }
  Result<std::shared_ptr<const LedgerView>> read_view(
      const std::shared_ptr<const LedgerView>& former);
};

namespace {

Status read_catalog_into(Connection& connection, std::shared_ptr<const Catalog>& catalog,
                         std::int64_t& version, Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT version, canonical FROM quota.catalog ORDER BY version DESC LIMIT 1", deadline);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return Status();
  Result<Catalog> read = read_catalog_json(rows->text(0, 1));
  if (!read) return std::move(read).error();
  version = rows->integer(0, 0);
  catalog = std::make_shared<const Catalog>(*std::move(read));
  return Status();
}

std::shared_ptr<const Names> name_subscriptions(const Catalog& catalog) {
  auto names = std::make_shared<Names>();
  for (const Subscription& s : catalog.subscriptions) {
    names->emplace(subscription_key(s.tenant, s.id), &s);
  }
  return names;
}

}  // namespace

std::string subscription_key(std::string_view tenant, std::string_view id) {
  std::string key = std::to_string(tenant.size());
  key.append(":").append(tenant).append(id);
  return key;
}

const Subscription* LedgerView::subscription(std::string_view tenant, std::string_view id) const {
  if (by_name == nullptr) return nullptr;
  const auto found = by_name->find(subscription_key(tenant, id));
  return found == by_name->end() ? nullptr : found->second;
}

Result<std::shared_ptr<const LedgerView>> Ledger::State::read_view(
    const std::shared_ptr<const LedgerView>& former) {
  const Deadline deadline = call();
  Result<Database::Lease> lease = database.acquire(deadline);
  if (!lease) return std::move(lease).error();
  const SteadyTime read_at = std::chrono::steady_clock::now();
  Result<Rows> rows = (*lease)->run(kView, deadline);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) {
    return Error{ErrorCode::config, "the quota database is not set up", "run: weir-quota migrate"};
  }
  auto made = std::make_shared<LedgerView>();
  made->read_at = read_at;
  made->freshness.as_of_us = rows->integer(0, 0);
  made->bucket_us = rows->integer(0, 1);
  if (!rows->null(0, 3)) made->freshness.complete_through_us = rows->integer(0, 3);
  const std::int64_t version = rows->integer(0, 2);
  if (former != nullptr && former->catalog_version == version) {
    made->catalog_version = version;
    made->catalog = former->catalog;
    made->by_name = former->by_name;
  } else if (version != 0) {
    WEIR_TRY(read_catalog_into(**lease, made->catalog, made->catalog_version, deadline));
    if (made->catalog != nullptr) made->by_name = name_subscriptions(*made->catalog);
  }
  return std::shared_ptr<const LedgerView>(std::move(made));
}

Ledger::Ledger(Database& database, Limits limits) : state_(new State(database, limits)) {}
Ledger::~Ledger() = default;

Result<std::shared_ptr<const LedgerView>> Ledger::view() {
  std::shared_ptr<const LedgerView> former;
  {
    std::lock_guard lock(state_->mutex);
    former = state_->view;
  }
  if (former != nullptr && state_->fresh(former->read_at)) return former;
  Result<std::shared_ptr<const LedgerView>> read = state_->read_view(former);
  if (!read) return read;
  std::lock_guard lock(state_->mutex);
  // Another thread may have read later than we did.
  if (state_->view == nullptr || state_->view->read_at < (*read)->read_at) state_->view = *read;
  return read;
}

Result<MeterSums> Ledger::sums(const std::string& tenant, const std::string& subscription,
                               TimeRange range) {
  const Deadline deadline = state_->call();
  Result<Database::Lease> lease = state_->database.acquire(deadline);
  if (!lease) return std::move(lease).error();
  Result<Rows> rows = (*lease)->run(
      kSums, Params().text(tenant).text(subscription).integer(range.from_us).integer(range.to_us),
      deadline);
  if (!rows) return std::move(rows).error();
  MeterSums sums;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    sums[std::string(rows->text(i, 0))] = {rows->integer(i, 1), rows->integer(i, 2)};
  }
  return sums;
}

Result<std::shared_ptr<const MeterSums>> Ledger::recent_sums(const std::string& tenant,
                                                             const std::string& subscription,
                                                             TimeRange range) {
  const std::string key = subscription_key(tenant, subscription);
  {
    std::lock_guard lock(state_->mutex);
    const auto found = state_->recent.find(key);
    if (found != state_->recent.end() && found->second.range == range &&
        state_->fresh(found->second.read_at)) {
      return found->second.sums;
    }
  }
  const SteadyTime read_at = std::chrono::steady_clock::now();
  Result<MeterSums> read = sums(tenant, subscription, range);
  if (!read) return std::move(read).error();
  auto made = std::make_shared<const MeterSums>(*std::move(read));
  std::lock_guard lock(state_->mutex);
  // A memory of a second at most: when it is full, starting anew costs one query a subscription.
  if (state_->recent.size() >= state_->limits.entries_max) state_->recent.clear();
  state_->recent[key] = {range, read_at, made};
  return made;
}

Result<bool> Ledger::knows(const std::string& tenant, const std::string& subscription) {
  const Deadline deadline = state_->call();
  Result<Database::Lease> lease = state_->database.acquire(deadline);
  if (!lease) return std::move(lease).error();
  Result<Rows> rows = (*lease)->run(
      "SELECT EXISTS (SELECT FROM quota.usage WHERE tenant = $1 AND subscription = $2) OR "
      "EXISTS (SELECT FROM quota.adjustment WHERE tenant = $1 AND subscription = $2)",
      Params().text(tenant).text(subscription), deadline);
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0) == 1;
}

}  // namespace weir
