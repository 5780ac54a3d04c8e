// `weir-billing verify`: recomputes what is stored from the rows that it came of, and writes nothing.
//
//   the chain         digests, links, T, N and E                        (chain.h)
//   each close        frozen again from quota's frozen usage, the assigned adjustments, what earlier
//                     closes left and the catalogue of its version; its digest   (past.h, frozen_check.h)
//   its invoices      drafted again from the snapshot: lines, totals, charge keys  (invoice_check.h)
//   money             numbers, charges, ledger, the provider's file     (money_check.h)
//
// All of it in one REPEATABLE READ, READ ONLY transaction: a run at the same time changes nothing.
// Errors are the database's; whatever does not agree is a difference and no error.
#pragma once

#include "base/time.h"
#include "billing/verify/chain.h"
#include "billing/verify/difference.h"
#include "storage/postgres/database.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct VerifyOptions {
  std::optional<std::int64_t> close;          // this one alone, and the chain
  std::string charges_file;                   // of the file provider; "" for none
  Micros timeout = std::chrono::minutes(10);  // of what one close needs
  /// Called before each close: how many are done, of how many.
  std::function<void(std::int64_t, std::int64_t)> progress;
};

struct VerifyReport {
  std::int64_t closes = 0, snapshot_rows = 0, invoices = 0, lines = 0;
  std::int64_t charges = 0, ledger_entries = 0, provider_lines = 0;
  std::vector<std::string> notes;  // what was not compared, and why
  Differences found;
};

/// Error `not_found` for a close that is not there.
Result<VerifyReport> verify(Database& database, const VerifyOptions& options);
/// The same in a transaction that the caller has open.
Result<VerifyReport> verify_within(Connection& connection, const VerifyOptions& options);

/// All closes by id, as stored.
Result<std::vector<StoredClose>> read_chain(Connection& connection, Deadline deadline);
/// Reads only, one snapshot for all; in a transaction that was just begun.
Status read_only_snapshot(Connection& connection, Deadline deadline);

}  // namespace weir
