// `weir-ingest resend FOLDER`: the records that the topic could never take, once more.
//
// FOLDER is a spool's; its records are in FOLDER/rejects (ingest/producer/kept_records.h). They are
// appended by a producer of their own, to the partitions that they were meant for, and removed there
// when the stream has them. Events that are in already add nothing, so a run that was broken off may
// be repeated. What is still too large stays. Prints how many. The spool's own process may be running.
#pragma once

#include "base/process.h"
#include "ingest/collector/one_off.h"
#include "ingest/collector/settings.h"

#include <stop_token>
#include <string>

namespace weir {

/// How many were sent. `open` opens the outlet that they are sent through. Error `invalid`, before
/// anything is sent: a record of unknown content, or for a partition that the topic has not.
Result<std::size_t> resend_kept(const std::string& folder,
                                const std::function<Result<std::unique_ptr<Outlet>>()>& open,
                                const std::stop_token& stop);

/// Exit codes: 0 (also when nothing was kept), 65 a record cannot be sent, 69 stream away.
ExitCode resend(const CollectorSettings& settings, const std::string& folder,
                const std::stop_token& stop);

}  // namespace weir
