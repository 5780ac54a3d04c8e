// While a weir-quota consumes a file log, the log's keeper is told again and again what is still needed of
// it (R16). On Kafka there is nobody to tell.
#pragma once

#include "ingest/connect/stream_options.h"
#include "storage/postgres/database.h"

#include <memory>
#include <thread>

namespace weir {

class StreamCursor {
 public:
  /// `database` outlives it. `horizon`: how far back the identity index may have to read again.
  StreamCursor(const StreamOptions& stream, Database& database, Micros horizon,
               Micros call_timeout);

 private:
  std::jthread thread_;
};

}  // namespace weir
