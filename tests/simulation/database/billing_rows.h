// The tables of the schema billing (billing/migrations), as plain rows. What is append-only there has
// no verb here that changes it. Tables that end in `_once` are unique constraints beside the key.
#pragma once

#include "billing/charging.h"
#include "billing/close_store.h"
#include "billing/held.h"
#include "billing/invoice.h"
#include "billing/override.h"
#include "tests/simulation/database/quota_rows.h"

#include <string>
#include <tuple>

namespace weir::simulation {

struct BarrierRow {
  std::int64_t e = 0, append_us = 0, d0_us = 0, d1_us = 0;
};
struct CloseRow {
  std::int64_t t_us = 0, previous_t_us = 0;
  std::string predecessor, digest;
  std::int64_t catalog_version = 0;
  std::int32_t incarnation = 1;
  std::string certificate;
  std::int64_t closed_at_us = 0;
};
struct ClosePartitionRow {
  std::int64_t n = 0, e = 0, log_end = 0, anchor_offset = -1;
  std::string anchor_digest;
};
struct SnapshotRow {
  std::int64_t period_to_us = 0;
  SnapshotUnits units;
};
struct DueRow {
  std::int64_t period_to_us = 0;
  std::string customer;
  std::int64_t close_id = 0, catalog_version = 0;
};
struct InvoiceRow {
  std::string tenant;
  std::int64_t number = 0, close_id = 0;
  std::string customer, currency;
  int revision = 1;
  std::int64_t total_minor = 0;
  std::string charge_key;
  std::int64_t made_at_us = 0;
};
struct InvoiceLineRow {
  std::int64_t close_id = 0;
  InvoiceLine line;
};
struct ChargeRow {
  std::string invoice_id, tenant, customer, currency;
  std::int64_t amount_minor = 0;
  ChargeState state = ChargeState::planned;
  std::string reference, detail;
  int attempts = 0;
  std::int64_t changed_at_us = 0;
};
struct ChargeEventRow {
  std::string key, from_state, to_state, detail;
  std::int64_t at_us = 0;
};
struct LedgerEntryRow {
  std::string debit, credit, currency;
  std::int64_t amount_minor = 0, at_us = 0;
};
struct HeldRow {
  std::int64_t period_to_us = 0;
  std::string customer, reason, detail;
  std::int64_t last_seen_us = 0;
  std::optional<std::int64_t> resolved_at_us;
  std::string resolution;
};

struct OverrideRow {
  Override facts;
  std::optional<std::int64_t> revokes;
};

/// (tenant, subscription, period_from_us)
using DueKey = std::tuple<std::string, std::string, std::int64_t>;
/// (close, tenant, subscription, meter, bucket or period_from_us)
using FrozenKey = std::tuple<std::int64_t, std::string, std::string, std::string, std::int64_t>;

struct Billing {
  Table<int, char> gate;
  Table<std::int64_t, CatalogRow> catalog;
  Table<std::tuple<std::int64_t, std::int32_t, std::int32_t>, BarrierRow> barrier;
  Table<std::int64_t, CloseRow> close;
  Table<std::int64_t, char> close_t_once;
  Table<std::string, char> close_predecessor_once, close_digest_once;
  Table<std::pair<std::int64_t, std::int32_t>, ClosePartitionRow> close_partition;
  /// (tenant, subscription, period_from_us, close, meter): the order in which it is read.
  Table<std::tuple<std::string, std::string, std::int64_t, std::int64_t, std::string>, SnapshotRow>
      snapshot;
  Table<FrozenKey, std::int64_t> unattributed;  // units
  Table<FrozenKey, std::int64_t> attribution;   // the close that attributed it
  Table<DueKey, DueRow> due_period;
  Table<std::int64_t, std::int64_t> invoiced;  // close → at_us
  Table<std::string, std::int64_t> invoice_counter;
  Table<std::string, InvoiceRow> invoice;
  Table<std::pair<std::string, std::int64_t>, char> invoice_number_once;
  Table<std::tuple<std::int64_t, std::string, std::string, std::string, int>, char>
      invoice_of_close_once;
  Table<std::string, char> invoice_charge_once;
  Table<std::pair<std::string, int>, InvoiceLineRow> invoice_line;
  Table<std::tuple<std::int64_t, std::string, std::string, std::int64_t, std::string>, char>
      line_of_period_once;
  Table<std::string, ChargeRow> charge;
  Table<std::string, char> charge_invoice_once;
  Table<std::int64_t, ChargeEventRow> charge_event;
  Table<std::string, std::string> ledger_account;                           // id → kind
  Table<std::pair<std::string, std::string>, LedgerEntryRow> ledger_entry;  // (kind, reference)
  Table<std::tuple<DueKey, std::int64_t>, HeldRow> held;                    // and first_seen_us
  Table<std::int64_t, OverrideRow> override;
  Table<std::int64_t, char> override_revoked_once;
  Table<std::int64_t, AuditRow> audit;
  std::int64_t charge_event_ids = 0, ledger_ids = 0, override_ids = 0, audit_ids = 0;
};

}  // namespace weir::simulation
