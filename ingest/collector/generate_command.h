// `weir-ingest generate`, as main() calls it: settings and arguments → run_generate (generate.h).
#pragma once

#include "ingest/collector/generate.h"
#include "ingest/collector/settings.h"

#include <stop_token>

namespace weir {

ExitCode generate_events(const CollectorSettings& settings, const GenerateArguments& arguments,
                         const std::stop_token& stop);

}  // namespace weir
