// Invoices in the database: one transaction for each close, at most once.
//
// Errors as Connection's. Threads: one a transaction.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "billing/facts.h"
#include "billing/invoice.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// What invoicing a close needs: pure facts, the catalogues included. Not to be copied: `periods`
/// point into `catalogs`.
struct BillableClose {
  std::map<std::int64_t, Catalog> catalogs;  // by version
  std::vector<BillablePeriod> periods;
};

struct NewInvoice {
  std::string id;
  std::int64_t number = 0;
  std::string charge_key;
  int revision = 1;
  DraftInvoice draft;
};

class BillTransaction {
 public:
  virtual ~BillTransaction() = default;
  /// False: its invoices are made already.
  virtual Result<bool> claim(std::int64_t close_id) = 0;
  virtual Result<std::unique_ptr<BillableClose>> read_billable(std::int64_t close_id) = 0;
  /// Gapless, for each tenant; locked until this transaction ends.
  virtual Result<std::int64_t> next_number(const std::string& tenant) = 0;
  /// The invoice, its lines, its ledger entry, and its planned charge where the total is above zero. May
  /// be put off until the commit, which then fails as this would.
  virtual Status add_invoice(std::int64_t close_id, const NewInvoice& invoice) = 0;
  /// Held rows of periods that this close invoices.
  virtual Result<std::int64_t> resolve_held(std::int64_t close_id) = 0;
  virtual Status commit() = 0;
};

class BillStore {
 public:
  virtual ~BillStore() = default;
  virtual Result<std::unique_ptr<BillTransaction>> begin(Deadline deadline) = 0;
  /// Closes without invoices, oldest first.
  virtual Result<std::vector<CloseHead>> unbilled_closes(Deadline deadline) = 0;
};

struct Billed {
  std::int64_t invoices = 0;
  std::int64_t holds_resolved = 0;
};
/// Makes the invoices of a close, once: a second call finds them made. After `in_doubt` call again.
Result<Billed> bill_close(BillStore& store, const CloseHead& close, Deadline deadline);

}  // namespace weir
