// `weir-ingest serve`: the HTTP collector as a process.
#pragma once

#include "base/process.h"
#include "ingest/collector/settings.h"

#include <stop_token>

namespace weir {

/// Serves until asked to stop, then drains. Prints why it could not start.
ExitCode serve_collector(const CollectorSettings& settings, const std::stop_token& stop);

}  // namespace weir
