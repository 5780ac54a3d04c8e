// What several commands share: the database, how an error ends a command.
#pragma once

#include "base/process.h"
#include "base/settings.h"
#include "billing/options.h"
#include "billing/override.h"
#include "storage/postgres/database.h"

#include <memory>
#include <string>
#include <vector>

namespace weir::billing {

constexpr Micros kCommandTimeout = std::chrono::seconds(60);

/// Logs it and gives its exit code.
ExitCode give_up(const Error& error);
ExitCode refuse(const std::vector<Fault>& faults);
void print(const std::string& text);

/// A pool on a database that is migrated and reachable.
Result<std::unique_ptr<Database>> open_database(const BillingOptions& options,
                                                const std::string& purpose);
/// The same for what decides or writes: a replica is refused (R11).
Result<std::unique_ptr<Database>> open_primary(const BillingOptions& options,
                                               const std::string& purpose);
Profile profile_of(const BillingOptions& options);

}  // namespace weir::billing
