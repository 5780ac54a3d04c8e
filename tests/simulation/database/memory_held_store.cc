#include "tests/simulation/database/memory_held_store.h"

#include "tests/simulation/database/contract_reads.h"

#include <algorithm>
#include <set>

namespace weir::simulation {
namespace {

DueKey key_of(const HeldPeriod& period) {
  return {period.key.tenant, period.key.subscription, period.key.from_us};
}

/// INSERT … ON CONFLICT over the unique index of open rows DO UPDATE.
Status hold(Session& session, Billing& billing, const HeldPeriod& period, std::int64_t now_us) {
  const DueKey key = key_of(period);
  std::vector<std::tuple<DueKey, std::int64_t>> rivals;
  billing.held.each_slot([&](const auto& at, Slot<HeldRow>& slot) {
    const auto open = [](const HeldRow& row) { return !row.resolved_at_us; };
    if (std::get<0>(at) == key && slot.rivals(open)) rivals.push_back(at);
  });
  for (const auto& rival : rivals) {
    WEIR_TRY(billing.held.await(session, rival));
    const auto refreshed = billing.held.update(
        session, rival, [](const HeldRow& row) { return !row.resolved_at_us; },
        [&](HeldRow& row) {
          row.reason = period.reason;
          row.detail = period.detail;
          row.customer = period.customer;
          row.last_seen_us = now_us;
        });
    if (!refreshed) return refreshed.error();
    if (*refreshed) return {};
  }
  HeldRow row;
  row.period_to_us = period.key.to_us;
  row.customer = period.customer;
  row.reason = period.reason;
  row.detail = period.detail;
  row.last_seen_us = now_us;
  return billing.held.insert_new(session, {key, now_us}, std::move(row));
}

}  // namespace

Status MemoryHeldStore::refresh(const std::vector<HeldPeriod>& held, Deadline) {
  Billing& billing = database_.billing();
  Session session(database_.server());
  if (const auto done = session.run("held.refresh",
                                    [&]() -> Status {
                                      const std::int64_t now_us = session.now_us();
                                      for (const HeldPeriod& period : held)
                                        WEIR_TRY(hold(session, billing, period, now_us));
                                      return {};
                                    });
      !done)
    return done.error();
  if (const auto done = session.run("held.resolve",
                                    [&]() -> Status {
                                      std::set<DueKey> due;
                                      for (const HeldPeriod& period : held)
                                        due.insert(key_of(period));
                                      WEIR_TRY(billing.held.update_all(
                                          session,
                                          [&](const auto& key, const HeldRow& row) {
                                            return !row.resolved_at_us &&
                                                   !due.contains(std::get<0>(key));
                                          },
                                          [&](const auto&, HeldRow& row) {
                                            row.resolved_at_us = session.now_us();
                                            row.resolution = "no longer due";
                                          }));
                                      return {};
                                    });
      !done)
    return done.error();
  return session.commit("held.commit");
}

Result<std::vector<HeldPeriod>> MemoryHeldStore::open(Deadline) {
  return Session::once(
      database_.server(), "held.open", [&](Session& session) -> Result<std::vector<HeldPeriod>> {
        std::vector<HeldPeriod> out;
        database_.billing().held.each(session, [&](const auto& key, const HeldRow& row) {
          if (row.resolved_at_us) return;
          const auto& [tenant, subscription, from_us] = std::get<0>(key);
          out.push_back({{tenant, subscription, from_us, row.period_to_us},
                         row.customer,
                         row.reason,
                         row.detail,
                         std::get<1>(key),
                         row.last_seen_us});
        });
        std::sort(out.begin(), out.end(), [](const HeldPeriod& a, const HeldPeriod& b) {
          return std::tie(a.key.tenant, a.customer, a.key.subscription, a.key.from_us) <
                 std::tie(b.key.tenant, b.customer, b.key.subscription, b.key.from_us);
        });
        return out;
      });
}

Result<std::vector<InvoicedSpan>> MemoryHeldStore::invoiced_spans(Deadline) {
  return Session::once(database_.server(), "held.invoiced_spans", [&](Session& session) {
    return ContractReads(database_, session).invoiced_spans();
  });
}

}  // namespace weir::simulation
