// The long-running commands: consume, serve, or both in one process. Consumer and HTTP service never
// share a connection: each has its own pool.
#pragma once

#include "base/process.h"
#include "quota/options.h"

#include <stop_token>

namespace weir {

ExitCode run_consumer(const QuotaOptions& options, const std::stop_token& stop);
ExitCode run_server(const QuotaOptions& options, const std::stop_token& stop);
ExitCode run_both(const QuotaOptions& options, const std::stop_token& stop);

}  // namespace weir
