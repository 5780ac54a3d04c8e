#include "tests/simulation/database/memory_database.h"

#include "billing/catalog_store.h"

namespace weir::simulation {
namespace {

constexpr std::int64_t kMeterNoticeUs = 600 * kMicrosPerSecond;

Status first_of(const std::vector<weir::Fault>& faults) {
  if (faults.empty()) return {};
  return Error{ErrorCode::invalid, faults.front().where + ": " + faults.front().what, ""};
}

/// Version and catalogue of the newest row; version 0 for none.
Result<std::pair<std::int64_t, std::optional<Catalog>>> newest(
    const Session& session, const Table<std::int64_t, CatalogRow>& table) {
  std::pair<std::int64_t, std::optional<Catalog>> out{0, std::nullopt};
  const CatalogRow* row = nullptr;
  table.each(session, [&](std::int64_t version, const CatalogRow& of) {
    out.first = version;
    row = &of;
  });
  if (row == nullptr) return out;
  auto catalog = read_catalog_json(row->canonical);
  if (!catalog) return catalog.error().within("stored catalogue");
  out.second = *std::move(catalog);
  return out;
}

Status insert_catalog(Session& session, Table<std::int64_t, CatalogRow>& table,
                      std::int64_t version, const Catalog& catalog) {
  return table.insert_new(
      session, version, {catalog.digest(), catalog.canonical_json(), session.now_us(), "operator"});
}

}  // namespace

MemoryDatabase::MemoryDatabase(Scheduler& scheduler, std::function<std::int64_t()> clock_us,
                               Options options)
    : server_{
          .scheduler = scheduler, .clock_us = std::move(clock_us), .reply = {}, .sessions = {}} {
  Session setup(server_);
  const Status done = [&]() -> Status {
    WEIR_TRY(quota_.deployment.insert(setup, kOne, std::move(options.deployment)));
    WEIR_TRY(quota_.frozen.insert(setup, kOne, 0));
    WEIR_TRY(quota_.catalog_lock.insert(setup, kOne, '\0'));
    WEIR_TRY(billing_.gate.insert(setup, kOne, '\0'));
    return {};
  }();
  WEIR_CHECK(done.ok());
  setup.settle_setup();
}

void MemoryDatabase::go_away() {
  server_.away = true;
  while (!server_.sessions.empty()) server_.sessions.back()->end_by_server();
}

Status MemoryDatabase::apply_quota_catalog(const Catalog& catalog) {
  Session session(server_);
  if (const auto done =
          session.run("catalog.hold",
                      [&]() -> Status {
                        WEIR_TRY(quota_.frozen.lock(session, kOne, Strength::share));
                        WEIR_TRY(quota_.catalog_lock.lock(session, kOne, Strength::update));
                        return {};
                      });
      !done)
    return done.error();
  if (const auto done = session.run(
          "catalog.insert",
          [&]() -> Status {
            auto present = newest(session, quota_.catalog);
            if (!present) return present.error();
            const std::int64_t bucket_us = quota_.deployment.find(session, kOne)->bucket.count();
            if (present->second) {
              WEIR_TRY(first_of(check_meter_changes(*present->second, catalog,
                                                    session.now_us() + kMeterNoticeUs, bucket_us)));
            }
            const AuditRow audit{session.now_us(), "operator", "catalog apply", "", "", ""};
            WEIR_TRY(quota_.audit.insert_new(session, ++quota_.audit_ids, audit));
            return insert_catalog(session, quota_.catalog, present->first + 1, catalog);
          });
      !done)
    return done.error();
  return session.commit("catalog.commit");
}

Status MemoryDatabase::apply_billing_catalog(const Catalog& catalog) {
  Session session(server_);
  if (const auto done = session.run("billing_catalog.hold",
                                    [&]() -> Status {
                                      WEIR_TRY(billing_.gate.lock(session, kOne, Strength::share));
                                      return {};
                                    });
      !done)
    return done.error();
  if (const auto done = session.run(
          "billing_catalog.insert",
          [&]() -> Status {
            auto present = newest(session, billing_.catalog);
            if (!present) return present.error();
            const Deployment& facts = *quota_.deployment.find(session, kOne);
            WEIR_TRY(first_of(check_period_edges(catalog, facts.bucket.count())));
            if (present->second) {
              WEIR_TRY(first_of(check_open_periods(*present->second, catalog,
                                                   *quota_.frozen.find(session, kOne))));
            }
            return insert_catalog(session, billing_.catalog, present->first + 1, catalog);
          });
      !done)
    return done.error();
  return session.commit("billing_catalog.commit");
}

}  // namespace weir::simulation
