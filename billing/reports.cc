#include "billing/reports.h"

#include "base/digest.h"

#include <map>

namespace weir {
namespace {

std::string text(const Rows& rows, std::size_t row, int column) {
  return std::string(rows.text(row, column));
}

InvoiceLine::Kind kind_of(std::string_view name) {
  if (name == "base") return InvoiceLine::Kind::base;
  return name == "late" ? InvoiceLine::Kind::late : InvoiceLine::Kind::usage;
}

Params one_or_all(const std::optional<std::string>& id) {
  Params params;
  return id ? params.text(*id) : params.null();
}

Status add_lines(Connection& connection, const std::optional<std::string>& id,
                 std::map<std::string, StoredInvoice*>& by_id, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select invoice_id, kind, tenant, subscription, period_from_us, period_to_us, meter, units, "
      "added_units, amount_minor from billing.invoice_line "
      "where $1::text is null or invoice_id = $1 order by invoice_id, line",
      one_or_all(id), deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto invoice = by_id.find(text(*rows, i, 0));
    if (invoice == by_id.end()) continue;  // made since
    invoice->second->lines.push_back(
        {kind_of(rows->text(i, 1)),
         {text(*rows, i, 2), text(*rows, i, 3), rows->integer(i, 4), rows->integer(i, 5)},
         text(*rows, i, 6),
         rows->integer(i, 7),
         rows->integer(i, 8),
         MoneyMinor(rows->integer(i, 9))});
  }
  return {};
}

Status add_history(Connection& connection, StoredInvoice& invoice, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select from_state, to_state, detail, at_us from billing.charge_event where key = $1 "
      "order by id",
      Params().text(invoice.charge_key), deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    invoice.history.push_back(
        {text(*rows, i, 0), text(*rows, i, 1), text(*rows, i, 2), rows->integer(i, 3)});
  }
  return {};
}

}  // namespace

Result<std::vector<StoredInvoice>> read_invoices(Connection& connection,
                                                 const std::optional<std::string>& id,
                                                 Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select i.id, i.close_id, i.tenant, i.customer, i.total_minor, i.currency, i.charge_key, "
      "coalesce(c.state, 'none'), coalesce(c.reference, ''), coalesce(c.detail, ''), "
      "i.made_at_us from billing.invoice i left join billing.charge c on c.invoice_id = i.id "
      "where $1::text is null or i.id = $1 order by i.close_id, i.tenant, i.number",
      one_or_all(id), deadline);
  if (!rows) return rows.error();
  std::vector<StoredInvoice> invoices(rows->size());
  std::map<std::string, StoredInvoice*> by_id;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    StoredInvoice& invoice = invoices[i];
    invoice.id = text(*rows, i, 0);
    invoice.close_id = rows->integer(i, 1);
    invoice.tenant = text(*rows, i, 2);
    invoice.customer = text(*rows, i, 3);
    invoice.total = {MoneyMinor(rows->integer(i, 4)), text(*rows, i, 5)};
    invoice.charge_key = text(*rows, i, 6);
    invoice.charge_state = text(*rows, i, 7);
    invoice.charge_reference = text(*rows, i, 8);
    invoice.charge_detail = text(*rows, i, 9);
    invoice.made_at_us = rows->integer(i, 10);
    by_id[invoice.id] = &invoice;
  }
  WEIR_TRY(add_lines(connection, id, by_id, deadline));
  if (id && !invoices.empty()) WEIR_TRY(add_history(connection, invoices.front(), deadline));
  return invoices;
}

Result<std::vector<StoredCertificate>> read_certificates(Connection& connection,
                                                         Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select id, t_us, digest, predecessor, certificate from billing.close order by id", deadline);
  if (!rows) return rows.error();
  std::vector<StoredCertificate> chain;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const StoredCertificate link{rows->integer(i, 0), rows->integer(i, 1), text(*rows, i, 2),
                                 text(*rows, i, 3), text(*rows, i, 4)};
    const std::string name = "certificate " + std::to_string(link.id);
    if (sha256_hex(link.certificate) != link.digest) {
      return Error{ErrorCode::integrity, name + " does not have the digest that it should", ""};
    }
    if (link.predecessor != (chain.empty() ? "" : chain.back().digest)) {
      return Error{ErrorCode::integrity, name + " does not follow the one before it", ""};
    }
    chain.push_back(link);
  }
  return chain;
}

Result<std::vector<UnattributedSum>> read_unattributed(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select u.tenant, u.subscription, u.meter, sum(u.units)::bigint, count(*), "
      "min(u.bucket_us), min(u.close_id), min(c.t_us) from billing.unattributed u "
      "join billing.close c on c.id = u.close_id where not exists (select from "
      "billing.attribution a where a.from_close = u.close_id and a.tenant = u.tenant and "
      "a.subscription = u.subscription and a.meter = u.meter and a.bucket_us = u.bucket_us) "
      "group by u.tenant, u.subscription, u.meter order by u.tenant, u.subscription, u.meter",
      deadline);
  if (!rows) return rows.error();
  std::vector<UnattributedSum> sums;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    sums.push_back({text(*rows, i, 0), text(*rows, i, 1), text(*rows, i, 2), rows->integer(i, 3),
                    rows->integer(i, 4), rows->integer(i, 5), rows->integer(i, 6),
                    rows->integer(i, 7)});
  }
  return sums;
}

Result<std::vector<StuckCharge>> read_stuck_charges(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select invoice_id, customer, state, detail, amount_minor, currency, changed_at_us "
      "from billing.charge where state in ('unknown', 'held', 'declined') "
      "order by changed_at_us, invoice_id",
      deadline);
  if (!rows) return rows.error();
  std::vector<StuckCharge> stuck;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    stuck.push_back({text(*rows, i, 0), text(*rows, i, 1), text(*rows, i, 2), text(*rows, i, 3),
                     Money{MoneyMinor(rows->integer(i, 4)), text(*rows, i, 5)},
                     rows->integer(i, 6)});
  }
  return stuck;
}

}  // namespace weir
