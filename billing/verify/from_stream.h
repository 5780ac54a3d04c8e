// `weir-billing verify --from-stream`: recounts what a close froze from the stream itself.
//
// Every partition is read from its first record to the close's cut N. Compared are usage before T plus
// the adjustments that were there at the close, for each (subscription, meter, bucket). Where retention
// has taken the beginning, events of buckets whose records are all still there are compared (an event
// is appended at most the permitted future before its own time), and the report says from when on; if
// none is left, it is not possible. Errors: the database's and the broker's.
#pragma once

#include "billing/verify/difference.h"
#include "ingest/codec/codec.h"
#include "ingest/stream/source.h"
#include "storage/postgres/database.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct RecountOptions {
  std::optional<std::int64_t> close;                         // the last one
  Micros quiet_timeout = std::chrono::seconds(30);           // without a record, below the cut
  std::function<void(std::int64_t, std::int64_t)> progress;  // partitions done, of how many
};

struct RecountReport {
  std::int64_t close_id = 0;
  std::int64_t from_us = 0, to_us = 0;  // event times that were compared
  bool possible = true;
  std::int64_t events = 0, copies = 0, sums = 0;
  std::vector<std::string> notes;
  Differences found;
};

Result<RecountReport> recount(Database& database, Source& stream, const IdentityKey& key,
                              const RecountOptions& options);

std::string recount_text(const RecountReport& report);
std::string recount_json(const RecountReport& report);

}  // namespace weir
