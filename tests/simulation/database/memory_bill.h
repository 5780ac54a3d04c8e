// The transaction that makes a close's invoices, over a MemoryDatabase.
#pragma once

#include "billing/bill_store.h"
#include "tests/simulation/database/memory_database.h"

namespace weir::simulation {

class MemoryBill : public BillTransaction {
 public:
  explicit MemoryBill(MemoryDatabase& database)
      : billing_(database.billing()), session_(database.server()) {}

  Result<bool> claim(std::int64_t close_id) override;
  Result<std::unique_ptr<BillableClose>> read_billable(std::int64_t close_id) override;
  Result<std::int64_t> next_number(const std::string& tenant) override;
  Status add_invoice(std::int64_t close_id, const NewInvoice& invoice) override;
  Result<std::int64_t> resolve_held(std::int64_t close_id) override;
  Status commit() override { return session_.commit("bill.commit"); }

 private:
  Status insert_invoice(std::int64_t close_id, const NewInvoice& invoice);
  Status insert_lines(std::int64_t close_id, const NewInvoice& invoice);
  Status insert_charge(const NewInvoice& invoice);

  Billing& billing_;
  Session session_;
};

}  // namespace weir::simulation
