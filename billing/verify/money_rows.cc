#include "billing/providers/flat_json.h"
#include "billing/verify/money_check.h"

#include <charconv>
#include <fstream>

namespace weir {
namespace {

std::string text(const Rows& rows, std::size_t row, int column) {
  return std::string(rows.text(row, column));
}

Status read_invoices(Connection& connection, MoneyRows& into, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select id, tenant, customer, charge_key, number, total_minor, currency "
      "from billing.invoice order by tenant, number",
      deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    into.invoices.push_back({text(*rows, i, 0), text(*rows, i, 1), text(*rows, i, 2),
                             text(*rows, i, 3), rows->integer(i, 4),
                             Money{MoneyMinor(rows->integer(i, 5)), text(*rows, i, 6)}});
  }
  const Result<Rows> counters =
      connection.run("select tenant, last from billing.invoice_counter", deadline);
  if (!counters) return counters.error();
  for (std::size_t i = 0; i < counters->size(); ++i) {
    into.counters[text(*counters, i, 0)] = counters->integer(i, 1);
  }
  return {};
}

Status read_charges(Connection& connection, MoneyRows& into, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select c.key, c.invoice_id, c.tenant, c.customer, c.state, c.reference, coalesce((select "
      "e.to_state from billing.charge_event e where e.key = c.key order by e.id desc limit 1), "
      "''), "
      "c.amount_minor, c.currency from billing.charge c",
      deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    into.charges.push_back({text(*rows, i, 0), text(*rows, i, 1), text(*rows, i, 2),
                            text(*rows, i, 3), text(*rows, i, 4), text(*rows, i, 5),
                            text(*rows, i, 6),
                            Money{MoneyMinor(rows->integer(i, 7)), text(*rows, i, 8)}});
  }
  return {};
}

Status read_entries(Connection& connection, MoneyRows& into, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select kind, reference, debit, credit, amount_minor, currency from billing.ledger_entry",
      deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    into.entries.push_back({text(*rows, i, 0), text(*rows, i, 1), text(*rows, i, 2),
                            text(*rows, i, 3),
                            Money{MoneyMinor(rows->integer(i, 4)), text(*rows, i, 5)}});
  }
  return {};
}

}  // namespace

Result<MoneyRows> read_money(Connection& connection, Deadline deadline) {
  MoneyRows rows;
  WEIR_TRY(read_invoices(connection, rows, deadline));
  WEIR_TRY(read_charges(connection, rows, deadline));
  WEIR_TRY(read_entries(connection, rows, deadline));
  return rows;
}

Result<std::optional<Taken>> read_charges_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::optional<Taken>();
  Taken taken;
  std::string line;
  for (std::int64_t number = 1; std::getline(file, line) && !file.eof(); ++number) {
    const std::string where = path + ":" + std::to_string(number);
    auto fields = parse_flat_json(line);
    if (!fields) return Error{ErrorCode::integrity, where + ": " + fields.error().what, ""};
    const std::string& amount = (*fields)["amount_minor"];
    std::int64_t minor = 0;
    std::from_chars(amount.data(), amount.data() + amount.size(), minor);
    const Money money{MoneyMinor(minor), (*fields)["currency"]};
    if (!taken.emplace((*fields)["key"], std::pair((*fields)["reference"], money)).second) {
      return Error{ErrorCode::integrity, where + ": its key was charged before", ""};
    }
  }
  return std::optional<Taken>(std::move(taken));
}

}  // namespace weir
