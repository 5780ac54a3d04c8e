// The commands of weir-billing: each constructs what it needs, does its work, prints, and gives the
// exit code.
#pragma once

#include "base/process.h"
#include "billing/options.h"

#include <string>

namespace weir::billing {

ExitCode migrate_command(const BillingOptions& options);
ExitCode catalog_check_command(const std::string& path);
ExitCode catalog_diff_command(const BillingOptions& options, const std::string& path);
ExitCode catalog_apply_command(const BillingOptions& options, const std::string& path);

/// The gate of a run, without the close: writes the barrier and waits for it.
ExitCode check_command(const BillingOptions& options, bool json);
ExitCode run_command(const BillingOptions& options, bool json);

ExitCode preview_command(const BillingOptions& options, bool json);
ExitCode invoices_command(const BillingOptions& options, bool json);
ExitCode show_command(const BillingOptions& options, const std::string& id, bool json);
ExitCode held_command(const BillingOptions& options, bool json);
ExitCode certificates_command(const BillingOptions& options, bool json);

}  // namespace weir::billing
