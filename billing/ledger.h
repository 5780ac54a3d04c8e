// Double entry: every posting moves an amount from one account to another, so a posting that does not
// balance cannot be written. Posted in the same transaction as what it stands for, and once: (kind,
// reference) is unique.
//
//   invoice   receivable/<tenant>/<customer>  ←  revenue/<tenant>
//   payment   cash/<tenant>                   ←  receivable/<tenant>/<customer>
//
// (debit ← credit.) What a customer owes is the receivable's debits less its credits.
#pragma once

#include "billing/money.h"
#include "storage/postgres/connection.h"

#include <span>
#include <string>

namespace weir {

struct Account {
  std::string kind;  // "receivable", "revenue", "cash"
  std::string id;
};

struct Posting {
  std::string kind;       // "invoice", "payment"
  std::string reference;  // invoice id, charge key
  Account debit;
  Account credit;
  Money amount;  // above zero
};

Posting invoice_posting(const std::string& tenant, const std::string& customer,
                        const std::string& invoice, const Money& amount);
Posting payment_posting(const std::string& tenant, const std::string& customer,
                        const std::string& charge_key, const Money& amount);

/// In the caller's transaction. `conflict` when one was posted before.
Status post(Connection& connection, std::span<const Posting> postings, Deadline deadline);

}  // namespace weir
