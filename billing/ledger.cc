#include "billing/ledger.h"

namespace weir {
namespace {

Account receivable(const std::string& tenant, const std::string& customer) {
  return {"receivable", "receivable/" + tenant + "/" + customer};
}

Status open_account(Connection& connection, const Account& account, Deadline deadline) {
  WEIR_TRY(connection.run(
      "insert into billing.ledger_account (id, kind) values ($1, $2) on conflict do nothing",
      Params().text(account.id).text(account.kind), deadline));
  return {};
}

}  // namespace

Posting invoice_posting(const std::string& tenant, const std::string& customer,
                        const std::string& invoice, const Money& amount) {
  return {
      "invoice", invoice, receivable(tenant, customer), {"revenue", "revenue/" + tenant}, amount};
}

Posting payment_posting(const std::string& tenant, const std::string& customer,
                        const std::string& charge_key, const Money& amount) {
  return {"payment", charge_key, {"cash", "cash/" + tenant}, receivable(tenant, customer), amount};
}

Status post(Connection& connection, const Posting& posting, Deadline deadline) {
  WEIR_TRY(open_account(connection, posting.debit, deadline));
  WEIR_TRY(open_account(connection, posting.credit, deadline));
  WEIR_TRY(connection.run(
      "insert into billing.ledger_entry (kind, reference, debit, credit, currency, amount_minor, "
      "at_us) values ($1, $2, $3, $4, $5, $6, quota.v1_clock_us())",
      Params()
          .text(posting.kind)
          .text(posting.reference)
          .text(posting.debit.id)
          .text(posting.credit.id)
          .text(posting.amount.currency)
          .integer(posting.amount.minor.value),
      deadline));
  return {};
}

}  // namespace weir
