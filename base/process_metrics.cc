#include "base/process_metrics.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace weir {

void observe_process(Metrics& metrics) {
  std::ifstream statm("/proc/self/statm");
  std::int64_t all_pages = 0, resident_pages = 0;
  if (statm >> all_pages >> resident_pages) {
    metrics.gauge("process_resident_memory_bytes", "Resident memory of this process")
        .set(resident_pages * ::sysconf(_SC_PAGESIZE));
  }
  std::error_code failed;
  std::int64_t open = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", failed), end; !failed && at != end;
       at.increment(failed)) {
    ++open;
  }
  if (!failed) metrics.gauge("process_open_fds", "Open files and connections").set(open);
}

}  // namespace weir
