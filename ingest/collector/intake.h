// Intake: POST /v1/events. Bodies in, rows on the stream, and an answer for every event.
//
// 202 is given only when every accepted event is safe: fsynced in the spool, or acknowledged by the
// broker, as ingest.accepted_when says (ingest/producer). The answer says of each event `accepted`, `duplicate` (an earlier event of the same body has its identity) or
// `rejected` with reason, field and detail. Of the whole: 202 when at least one was accepted, 422 when
// every one was rejected, 400 for a body that cannot be parsed, 415 for a content type that is not
// taken (packed batches come from Weir's own sink and carry no tenant of their own), 429 when one
// tenant has more bytes under way than its share, 503 with Retry-After when the spool is full or
// there is none yet: then the client sends the same body again, and identity drops the copies.
// The tenant is the API key's. Threads: any; each call has a workspace of its own.
#pragma once

#include "base/http/message.h"
#include "base/metrics.h"
#include "base/time.h"
#include "ingest/collector/stamp.h"
#include "ingest/event/identity.h"
#include "ingest/stream/sink.h"

#include <cstdint>
#include <memory>

namespace weir {

struct IntakeOptions {
  Micros permitted_future = std::chrono::minutes(5);
  Micros write_timeout = std::chrono::seconds(10);
  std::int64_t tenant_bytes_max = 32 << 20;  // bodies of one tenant under way at once
  std::size_t body_bytes_max = 8u << 20;
};

class Intake {
 public:
  Intake(RecordSink& sink, const IdentityKey& key, Stamp& stamp, IntakeOptions options,
         Clock& clock, Metrics& metrics);
  ~Intake();
  HttpResponse post(const HttpRequest& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
