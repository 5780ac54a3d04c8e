// What people and machines ask billing: invoices, held periods, certificates. Reads only.
#pragma once

#include "billing/charging.h"
#include "billing/invoice.h"
#include "storage/postgres/connection.h"

#include <optional>
#include <string>
#include <vector>

namespace weir {

struct ChargeEvent {
  std::string from, to, detail;
  std::int64_t at_us = 0;
};

struct StoredInvoice {
  std::string id;
  std::int64_t close_id = 0;
  std::string tenant, customer;
  Money total;
  std::string charge_key;
  std::string charge_state;  // "none" for an invoice of nothing
  std::string charge_reference, charge_detail;
  std::int64_t made_at_us = 0;
  std::vector<InvoiceLine> lines;
  std::vector<ChargeEvent> history;  // of one invoice alone
};

/// All, oldest first, with their lines; or the one with that id, with its charge's history.
Result<std::vector<StoredInvoice>> read_invoices(Connection& connection,
                                                 const std::optional<std::string>& id,
                                                 Deadline deadline);

struct StoredCertificate {
  std::int64_t id = 0;
  std::int64_t t_us = 0;
  std::string digest, predecessor, certificate;
};
/// Oldest first. Error `integrity` where a digest or a link of the chain does not hold.
Result<std::vector<StoredCertificate>> read_certificates(Connection& connection, Deadline deadline);

/// Usage that no catalogue has attributed yet, by subscription and meter.
struct UnattributedSum {
  std::string tenant, subscription, meter;
  std::int64_t units = 0;
  std::int64_t buckets = 0;
  std::int64_t first_bucket_us = 0;
  std::int64_t since_close = 0;
  std::int64_t since_t_us = 0;  // T of that close
};
Result<std::vector<UnattributedSum>> read_unattributed(Connection& connection, Deadline deadline);

/// Charges that wait for people or for the provider: unknown, held, declined.
struct StuckCharge {
  std::string invoice, customer, state, detail;
  Money amount;
  std::int64_t since_us = 0;
};
Result<std::vector<StuckCharge>> read_stuck_charges(Connection& connection, Deadline deadline);

}  // namespace weir
