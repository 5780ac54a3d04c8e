// What weir-quota's commands do, those of main() that end by themselves. Each prints to standard
// output and gives the exit code; errors go to standard error, with the way out.
#pragma once

#include "base/process.h"
#include "quota/options.h"

#include <string>

namespace weir {

ExitCode migrate_command(const QuotaOptions& options);
/// Needs no database.
ExitCode catalog_check_command(const std::string& path);
ExitCode catalog_diff_command(const QuotaOptions& options, const std::string& path);
ExitCode catalog_apply_command(const QuotaOptions& options, const std::string& path);
ExitCode status_command(const QuotaOptions& options);

/// Logs the error and gives its exit code.
ExitCode give_up(const Error& error);

}  // namespace weir
