// Double entry in a MemoryDatabase (billing/ledger.cc): accounts are opened as they are needed, and a
// posting happens once.
#pragma once

#include "billing/ledger.h"
#include "tests/simulation/database/memory_database.h"

namespace weir::simulation {

Status post(Session& session, Billing& billing, const Posting& posting);
/// The row of charge_event.
Status add_charge_event(Session& session, Billing& billing, const std::string& key,
                        const std::string& from, const std::string& to, const std::string& detail);

}  // namespace weir::simulation
