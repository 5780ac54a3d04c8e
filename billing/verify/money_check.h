// Numbers, charges, ledger and provider as a whole: what the invoices demand against what is there.
//
// Invoice numbers run from 1 without a hole for each tenant. Each invoice above zero has one charge
// with its key and amount, and one ledger entry; each succeeded charge has one payment entry; there is
// no other entry. The file provider's lines are the charges that were taken: each of a known key and
// the asked amount. Pure.
#pragma once

#include "billing/ledger.h"
#include "billing/providers/provider.h"
#include "billing/verify/difference.h"
#include "storage/postgres/connection.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct MoneyRows {
  struct Invoice {
    std::string id, tenant, customer, key;
    std::int64_t number = 0;
    Money total;
  };
  struct Charge {
    std::string key, invoice, tenant, customer, state, reference, last_event;
    Money amount;
  };
  struct Entry {
    std::string kind, reference, debit, credit;
    Money amount;
  };
  std::vector<Invoice> invoices;                 // by tenant and number
  std::map<std::string, std::int64_t> counters;  // the last number, by tenant
  std::vector<Charge> charges;
  std::vector<Entry> entries;
};

/// In the caller's transaction.
Result<MoneyRows> read_money(Connection& connection, Deadline deadline);

/// What the file provider took, by charge key. nullopt: there is no such file. Does not lock it; a
/// last line that is not whole is left out, as a restart would.
using Taken = std::map<std::string, std::pair<std::string, Money>>;  // reference, amount
Result<std::optional<Taken>> read_charges_file(const std::string& path);

void check_numbers(const MoneyRows& rows, Differences& found);
void check_charges(const MoneyRows& rows, Differences& found);
void check_ledger(const MoneyRows& rows, Differences& found);
void check_provider(const MoneyRows& rows, const Taken& taken, Differences& found);

}  // namespace weir
