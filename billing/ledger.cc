#include "billing/ledger.h"

#include "billing/columns.h"

namespace weir {
namespace {

Account receivable(const std::string& tenant, const std::string& customer) {
  return {"receivable", "receivable/" + tenant + "/" + customer};
}

Status open_accounts(Connection& connection, std::span<const Posting> postings, Deadline deadline) {
  TextColumn id, kind;
  for (const Posting& posting : postings) {
    for (const Account* account : {&posting.debit, &posting.credit}) {
      id.add(account->id);
      kind.add(account->kind);
    }
  }
  // In the order of their names: of two transactions that open the same ones, none waits in a circle.
  WEIR_TRY(connection.run(
      "insert into billing.ledger_account (id, kind) select distinct u.id, u.kind from "
      "unnest($1::text[], $2::text[]) u (id, kind) order by 1 on conflict do nothing",
      bind_all(id, kind), deadline));
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

Status post(Connection& connection, std::span<const Posting> postings, Deadline deadline) {
  WEIR_TRY(open_accounts(connection, postings, deadline));
  TextColumn kind, reference, debit, credit, currency;
  NumberColumn amount;
  for (const Posting& posting : postings) {
    kind.add(posting.kind);
    reference.add(posting.reference);
    debit.add(posting.debit.id);
    credit.add(posting.credit.id);
    currency.add(posting.amount.currency);
    amount.add(posting.amount.minor.value);
  }
  WEIR_TRY(connection.run(
      "insert into billing.ledger_entry (kind, reference, debit, credit, currency, amount_minor, "
      "at_us) select u.*, c.now from unnest($1::text[], $2::text[], $3::text[], $4::text[], "
      "$5::text[], $6::bigint[]) u cross join (select quota.v1_clock_us() as now) c",
      bind_all(kind, reference, debit, credit, currency, amount), deadline));
  return {};
}

}  // namespace weir
