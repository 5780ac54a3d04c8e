// The original design, in small: one service, one database, one volume, and billing by the clock.
//
// One process consumes the stream for both uses. Of each batch it counts units by subscription and second
// (quota) and keeps every request (analytics), in one transaction together with its position: it counts
// exactly once, restarts where it was, and loses nothing. It is as good as one service can be; what goes
// wrong in the incidents goes wrong because the two uses share it, and because billing does not ask.
//
// Billing charges for a period what stands in the database when cron says that it is time. The provider
// refuses a second charge for the same customer and period. Times: microseconds since the epoch; money:
// minor units. Errors: values; the process ends with them and is started again. Threads: one.
#pragma once

#include "base/result.h"
#include "ingest/stream/source.h"
#include "storage/postgres/connection.h"

#include <cstdint>
#include <stop_token>
#include <string>

namespace weir::old_way {

/// What analytics does with a batch, since its last release.
enum class AnalyticsRelease { works, crashes };

Status create_tables(Connection& connection);

/// Consumes until asked to stop, or until something fails.
Status serve(Source& source, Connection& connection, AnalyticsRelease release,
             const std::stop_token& stop);

/// Charges each customer for [from_us, to_us): a line of `charges_file` each.
Status bill(Connection& connection, std::int64_t from_us, std::int64_t to_us,
            std::int64_t price_hundredths, const std::string& charges_file);

}  // namespace weir::old_way
