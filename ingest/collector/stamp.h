// What the collector adds to events of the HTTP intake before they go on the stream: the route
// template where an event has only a path, and the client's address cut to its network, so that no
// whole address is stored. (Log lines are stamped while they are decoded, ingest/codec/log_line.h.)
//
// Threads: any; the templates are shared behind a mutex, so that their cap is the process's.
#pragma once

#include "base/result.h"
#include "ingest/event/request_batch.h"
#include "ingest/event/route_template.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace weir {

class Stamp {
 public:
  explicit Stamp(RouteTemplates templates) : templates_(std::move(templates)) {}
  /// `batch` has its detail.
  void apply(RequestBatch& batch);
  /// Paths that were put under "__other__" because the cap was reached.
  std::uint64_t overflowed() const;

 private:
  void add_routes(RequestBatch& batch);

  mutable std::mutex mutex_;
  RouteTemplates templates_;  // guarded by mutex_
};

}  // namespace weir
