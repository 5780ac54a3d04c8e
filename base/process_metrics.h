// What this process takes of the machine, by the names that every Prometheus client gives:
// process_resident_memory_bytes and process_open_fds. From /proc; where that cannot be read, the gauge
// stays as it was. Cheap enough for each scrape. Threads: any.
#pragma once

#include "base/metrics.h"

namespace weir {

void observe_process(Metrics& metrics);

}  // namespace weir
