// One-off work on the stream: some records, by a producer of its own that ends when all are there.
//
// What can be refused is refused before the producer is registered, since a registered one holds
// periods until it has ended. A run that was broken off leaves its spool: the next one of the same
// spool ends what that had begun, and does its own. The records must bear being sent twice.
#pragma once

#include "base/time.h"
#include "ingest/collector/outlet.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace weir {

struct OneOff {
  std::function<Result<std::unique_ptr<Outlet>>()> open;
  /// Whether the records fit a topic of so many partitions. Nothing is registered yet.
  std::function<Status(std::int32_t partitions)> check;
  std::function<Status(Producer& producer)> append;
  /// What the topic can never take is kept somewhere already: here it need not be.
  bool kept_elsewhere = false;
  Micros timeout = std::chrono::seconds(10);  // of each question to the stream
};

/// The producer's id. Errors: check()'s; what happened on the way, with how to go on; `invalid` when
/// the topic could never take a record, which is kept then.
Result<std::string> run_one_off(const OneOff& work, const std::stop_token& stop);

}  // namespace weir
