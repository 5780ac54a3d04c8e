#include "billing/verify/invoice_check.h"

#include "billing/billable_rows.h"
#include "billing/verify/frozen_check.h"

#include <map>
#include <tuple>

namespace weir {
namespace {

using Payer = std::tuple<std::string, std::string, std::string>;  // tenant, customer, currency
using LineKey = std::pair<PeriodKey, std::string>;                // period, meter

std::string text(const Rows& rows, std::size_t row, int column) {
  return std::string(rows.text(row, column));
}

Result<std::vector<StoredInvoice>> read_stored(Connection& connection, std::int64_t close_id,
                                               Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select i.id, i.tenant, i.customer, i.currency, i.total_minor, i.charge_key, l.kind, "
      "l.tenant, l.subscription, l.period_from_us, l.period_to_us, l.meter, l.units, "
      "l.added_units, l.amount_minor from billing.invoice i left join billing.invoice_line l "
      "on l.invoice_id = i.id where i.close_id = $1 order by i.tenant, i.number, l.line",
      Params().integer(close_id), deadline);
  if (!rows) return rows.error();
  std::vector<StoredInvoice> invoices;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    if (invoices.empty() || invoices.back().id != rows->text(i, 0)) {
      StoredInvoice& made = invoices.emplace_back();
      made.id = text(*rows, i, 0);
      made.close_id = close_id;
      made.tenant = text(*rows, i, 1);
      made.customer = text(*rows, i, 2);
      made.total = {MoneyMinor(rows->integer(i, 4)), text(*rows, i, 3)};
      made.charge_key = text(*rows, i, 5);
    }
    if (rows->null(i, 6)) continue;
    const std::string_view kind = rows->text(i, 6);
    invoices.back().lines.push_back(
        {kind == "base"   ? InvoiceLine::Kind::base
         : kind == "late" ? InvoiceLine::Kind::late
                          : InvoiceLine::Kind::usage,
         {text(*rows, i, 7), text(*rows, i, 8), rows->integer(i, 9), rows->integer(i, 10)},
         text(*rows, i, 11),
         rows->integer(i, 12),
         rows->integer(i, 13),
         MoneyMinor(rows->integer(i, 14))});
  }
  return invoices;
}

void compare_line(const std::string& where, const InvoiceLine& stored, const InvoiceLine& again,
                  Differences& found) {
  found.expect("line_kind", where, std::string(name_of(stored.kind)),
               std::string(name_of(again.kind)));
  found.expect("line_units", where, stored.units, again.units);
  found.expect("line_added_units", where, stored.added, again.added);
  found.expect("line_amount_minor", where, stored.amount.value, again.amount.value);
}

void compare_lines(const std::string& invoice, const std::vector<InvoiceLine>& stored,
                   const std::vector<InvoiceLine>& drafted, Differences& found) {
  std::map<LineKey, const InvoiceLine*> wanted;
  for (const InvoiceLine& line : drafted) wanted[{line.period, line.meter}] = &line;
  auto where_of = [&](const InvoiceLine& line) {
    return "invoice " + invoice + ", " + name_of(line.period) + " " +
           (line.meter.empty() ? "base fee" : line.meter);
  };
  for (const InvoiceLine& line : stored) {
    const auto again = wanted.find({line.period, line.meter});
    if (again == wanted.end()) {
      found.add("line", where_of(line), std::to_string(line.amount.value), "");
      continue;
    }
    compare_line(where_of(line), line, *again->second, found);
    wanted.erase(again);
  }
  for (const auto& [key, line] : wanted) {
    found.add("line", where_of(*line), "", std::to_string(line->amount.value));
  }
}

void compare_invoice(const StoredClose& close, const StoredInvoice& stored,
                     const DraftInvoice& draft, Differences& found) {
  const std::string where = "invoice " + stored.id;
  found.expect("invoice_total_minor", where, stored.total.minor.value, draft.total.value);
  found.expect("charge_key", where, stored.charge_key,
               charge_key({close.digest, draft.tenant, draft.customer, "usage", draft.periods()}));
  compare_lines(stored.id, stored.lines, draft.lines, found);
}

}  // namespace

void compare_invoices(const StoredClose& close, const std::vector<StoredInvoice>& stored,
                      const std::vector<DraftInvoice>& drafts, Differences& found) {
  const std::string where = "close " + std::to_string(close.id);
  std::map<Payer, const DraftInvoice*> wanted;
  for (const DraftInvoice& draft : drafts) {
    wanted[{draft.tenant, draft.customer, draft.currency}] = &draft;
  }
  for (const StoredInvoice& invoice : stored) {
    const auto draft = wanted.find({invoice.tenant, invoice.customer, invoice.total.currency});
    if (draft == wanted.end()) {
      found.add("invoice", where + ", invoice " + invoice.id, format_money(invoice.total), "");
      continue;
    }
    compare_invoice(close, invoice, *draft->second, found);
    wanted.erase(draft);
  }
  for (const auto& [payer, draft] : wanted) {
    found.add("invoice", where + ", " + draft->tenant + "/" + draft->customer, "",
              format_money({draft->total, draft->currency}));
  }
}

Result<InvoiceTally> check_invoices(Connection& connection, const StoredClose& close,
                                    Differences& found, Deadline deadline) {
  const std::string where = "close " + std::to_string(close.id);
  const Result<Rows> made = connection.run("select from billing.invoiced where close_id = $1",
                                           Params().integer(close.id), deadline);
  if (!made) return made.error();
  const auto stored = read_stored(connection, close.id, deadline);
  if (!stored) return stored.error();
  InvoiceTally tally{static_cast<std::int64_t>(stored->size()), 0, made->empty()};
  for (const StoredInvoice& invoice : *stored) {
    tally.lines += static_cast<std::int64_t>(invoice.lines.size());
  }
  if (tally.pending && stored->empty()) return tally;
  tally.pending = false;
  const auto billable = BillableRows(connection, deadline).read(close.id);
  if (!billable) return billable.error();
  const auto drafts = draft_invoices((*billable)->periods);
  if (drafts) {
    compare_invoices(close, *stored, *drafts, found);
  } else {
    found.add("rating", where, "", drafts.error().text());
  }
  return tally;
}

}  // namespace weir
