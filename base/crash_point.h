// Named points at which a test kills the process, as kill -9 would (tests/crash).
//
// In ordinary builds a crash point is nothing at all. Targets that are built with WEIR_CRASH_POINTS
// (tests/crash only) end by SIGKILL when the environment variable WEIR_CRASH_AT names the point;
// "name:3" means the third time it is passed.
#pragma once

#ifdef WEIR_CRASH_POINTS

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace weir {

inline void crash_point(std::string_view name) {
  const char* wanted = std::getenv("WEIR_CRASH_AT");
  if (wanted == nullptr) return;
  std::string_view at = wanted;
  int times = 1;
  if (const std::size_t colon = at.find(':'); colon != std::string_view::npos) {
    times = std::atoi(wanted + colon + 1);
    at = at.substr(0, colon);
  }
  static std::atomic<int> passed{0};
  if (at == name && ++passed >= times) std::raise(SIGKILL);
}

}  // namespace weir

#define WEIR_CRASH_POINT(name) ::weir::crash_point(name)
#else
#define WEIR_CRASH_POINT(name) \
  do {                         \
  } while (false)
#endif
