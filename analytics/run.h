// The three processes of weir-analytics, from start to drained stop.
//
// consume, serve and compact share a volume and a catalogue and nothing else: each can be stopped,
// killed or upgraded while the others run. Each returns when asked to stop, or with the exit code
// of the fault that ended it.
#pragma once

#include "analytics/options.h"
#include "base/process.h"
#include "base/volume/volume_watch.h"

#include <stop_token>

namespace weir {

ExitCode run_consume(const AnalyticsOptions& options, const std::stop_token& stop);
ExitCode run_serve(const AnalyticsOptions& options, const std::stop_token& stop);
/// `once`: one round, then done; the report is printed.
ExitCode run_compact(const AnalyticsOptions& options, bool once, const std::stop_token& stop);

/// The volume is this one from now on, by an operator's word.
ExitCode accept_analytics_volume(const AnalyticsOptions& options);

/// Each of them watches the volume that they share.
VolumeWatch watch_volume(const AnalyticsOptions& options, Metrics& metrics);

/// Logs the error and gives its exit code.
ExitCode give_up(const Error& error);

}  // namespace weir
