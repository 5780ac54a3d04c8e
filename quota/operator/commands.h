// The operator's commands of weir-quota: what blocks a close, seen and resolved.
//
// Every list takes --all and --json and ends with what to type next; every decision takes --by and
// --reason, is one transaction with one audit row, and prints what it did and what that was worth.
#pragma once

#include "base/command_line.h"
#include "quota/options.h"

namespace weir {

/// `settings` and `options` outlive the line.
void declare_operator_commands(CommandLine& line, Settings* settings, const QuotaOptions& options);

}  // namespace weir
