// override add | list | revoke, certificate, unattributed list: their words on the command line.
#pragma once

#include "base/command_line.h"
#include "billing/options.h"

namespace weir::billing {

/// `settings`, `options` and `json` outlive `line`'s main().
void declare_decisions(CommandLine& line, Settings& settings, const BillingOptions& options,
                       bool& json);

}  // namespace weir::billing
