// preview, invoices, show, held, certificates: they read.
#include "billing/command_parts.h"
#include "billing/commands.h"
#include "billing/postgres_gate_store.h"
#include "billing/postgres_held_store.h"
#include "billing/preview.h"
#include "billing/print.h"

namespace weir::billing {
namespace {

/// Opens the database and runs `body` with it.
template <class Body>
ExitCode with_database(const BillingOptions& options, const char* purpose, Body body) {
  const auto database = open_database(options, purpose);
  if (!database) return give_up(database.error());
  return body(**database, Deadline::in(kCommandTimeout));
}

}  // namespace

ExitCode preview_command(const BillingOptions& options, bool json) {
  return with_database(options, "preview", [&](Database& database, Deadline deadline) {
    PostgresGateStore store(database);
    const auto deployment = store.deployment(deadline);
    if (!deployment) return give_up(deployment.error());
    const auto now = store.clock_us(deadline);
    if (!now) return give_up(now.error());
    const std::int64_t t_us = latest_edge(*now, *deployment);
    const auto drafts = preview(database, t_us, deadline);
    if (!drafts) return give_up(drafts.error());
    print(json ? preview_json(*drafts, t_us) : preview_text(*drafts, t_us));
    return ExitCode::done;
  });
}

ExitCode invoices_command(const BillingOptions& options, bool json) {
  return with_database(options, "invoices", [&](Database& database, Deadline deadline) {
    auto lease = database.acquire(deadline);
    if (!lease) return give_up(lease.error());
    const auto invoices = read_invoices(**lease, {}, deadline);
    if (!invoices) return give_up(invoices.error());
    print(json ? invoices_json(*invoices) : invoices_text(*invoices));
    return ExitCode::done;
  });
}

ExitCode show_command(const BillingOptions& options, const std::string& id, bool json) {
  return with_database(options, "show", [&](Database& database, Deadline deadline) {
    auto lease = database.acquire(deadline);
    if (!lease) return give_up(lease.error());
    const auto invoices = read_invoices(**lease, id, deadline);
    if (!invoices) return give_up(invoices.error());
    if (invoices->empty()) {
      return give_up({ErrorCode::invalid, "there is no invoice " + id, "weir-billing invoices"});
    }
    print(json ? invoice_json(invoices->front()) : invoice_text(invoices->front()));
    return ExitCode::done;
  });
}

ExitCode held_command(const BillingOptions& options, bool json) {
  return with_database(options, "held", [&](Database& database, Deadline deadline) {
    const auto held = PostgresHeldStore(database).open(deadline);
    if (!held) return give_up(held.error());
    auto lease = database.acquire(deadline);
    if (!lease) return give_up(lease.error());
    const auto stuck = read_stuck_charges(**lease, deadline);
    if (!stuck) return give_up(stuck.error());
    const auto now = PostgresGateStore(database).clock_us(deadline);
    if (!now) return give_up(now.error());
    print(json ? held_json(*held, *stuck, *now) : held_text(*held, *stuck, *now));
    return ExitCode::done;
  });
}

ExitCode certificates_command(const BillingOptions& options, bool json) {
  return with_database(options, "certificates", [&](Database& database, Deadline deadline) {
    auto lease = database.acquire(deadline);
    if (!lease) return give_up(lease.error());
    const auto chain = read_certificates(**lease, deadline);
    if (!chain) return give_up(chain.error());
    print(json ? certificates_json(*chain) : certificates_text(*chain));
    return ExitCode::done;
  });
}

}  // namespace weir::billing
