// What weir-quota's commands do, those of main() that end by themselves. Each prints to standard
// output and gives the exit code; errors go to standard error, with the way out.
#pragma once

#include "base/process.h"
#include "quota/options.h"
#include "storage/postgres/database.h"

#include <memory>
#include <string>

namespace weir {

ExitCode migrate_command(const QuotaOptions& options);
/// Needs no database.
ExitCode catalog_check_command(const std::string& path);
ExitCode catalog_diff_command(const QuotaOptions& options, const std::string& path);
ExitCode catalog_apply_command(const QuotaOptions& options, const std::string& path);
ExitCode status_command(const QuotaOptions& options);

/// Of a decision that names nobody: who runs the process; "" when the system knows no name.
std::string system_user();
/// Error `config` while quota.database is not set.
Status check_database_named(const QuotaOptions& options);
/// The database, once it is set up and says what the settings say (check_database).
Result<std::unique_ptr<Database>> open_database(const QuotaOptions& options,
                                                const std::string& role, Deadline deadline);

/// Logs the error and gives its exit code.
ExitCode give_up(const Error& error);

}  // namespace weir
