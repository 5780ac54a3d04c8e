// weir-quota volume: what an operator says or does about quota's volume, on the machine that has it.
#pragma once

#include "base/command_line.h"
#include "quota/options.h"

namespace weir {

/// `settings` and `options` outlive the line.
void declare_volume_commands(CommandLine& line, Settings* settings, const QuotaOptions& options);

}  // namespace weir
