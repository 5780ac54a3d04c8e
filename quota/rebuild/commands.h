// weir-quota rebuild, and the export of decisions that it needs (R17).
#pragma once

#include "base/command_line.h"
#include "quota/options.h"

#include <stop_token>

namespace weir {

/// `settings`, `options` and `stop` outlive the line.
void declare_rebuild_commands(CommandLine& line, Settings* settings, const QuotaOptions& options,
                              const std::stop_token& stop);

}  // namespace weir
