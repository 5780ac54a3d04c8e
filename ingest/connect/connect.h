// Opens the stream that the settings name: the one place where it is known which kind it is.
//
// Every call succeeds though the stream is away for now, save where it says so. Errors: `config` for a
// bad option; else as the interfaces say.
#pragma once

#include "base/metrics.h"
#include "base/result.h"
#include "ingest/connect/log_cursor.h"
#include "ingest/connect/stream_options.h"
#include "ingest/stream/sink.h"
#include "ingest/stream/source.h"
#include "ingest/stream/stream_log.h"

#include <memory>
#include <string_view>

namespace weir {

/// As a member of `options.group`. On a file log its members meet in `options.group_folder`, or where that
/// is empty in the consumer's own `volume`.
Result<std::unique_ptr<Source>> connect_source(const StreamOptions& options,
                                               const std::string& volume);
/// Alone: every partition is the caller's, and nobody else's position moves. `purpose` is part of the
/// name by which a broker's tools show it.
Result<std::unique_ptr<Source>> connect_alone(const StreamOptions& options,
                                              std::string_view purpose);
Result<std::unique_ptr<RecordSink>> connect_sink(const StreamOptions& options);
/// As connect_sink(); on a file log the process also keeps the log while no other does. Weir-ingest's
/// alone. `metrics` outlives it.
Result<std::unique_ptr<RecordSink>> connect_keeper(const StreamOptions& options, Metrics& metrics);
Result<std::unique_ptr<StreamLog>> connect_log(const StreamOptions& options);

/// nullptr where a broker keeps the log by its own configuration.
std::unique_ptr<LogCursor> connect_cursor(const StreamOptions& options);

/// Returns when its partitions are known. `conflict` when it exists.
Status make_topic(const StreamOptions& options, const TopicPlan& plan, Deadline deadline);

}  // namespace weir
