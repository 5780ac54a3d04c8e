// The code under test takes its deadlines from std::chrono::steady_clock and its random names from
// OpenSSL. Both are symbols of shared libraries, so the definitions in this program come first: on a
// thread that runs an engine they are virtual time and the seed; elsewhere the machine's.
#include "tests/simulation/engine.h"

#include <chrono>
#include <ctime>
#include <sys/random.h>
#include <utility>

namespace weir::simulation {
namespace {

thread_local Engine* engine_here = nullptr;

}  // namespace

Engine* engine_of_this_thread() { return engine_here; }
Engine* be_engine_of_this_thread(Engine* engine) { return std::exchange(engine_here, engine); }

}  // namespace weir::simulation

std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
  if (const auto* engine = weir::simulation::engine_of_this_thread()) {
    return time_point(std::chrono::microseconds(engine->true_us()));
  }
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return time_point(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

extern "C" int RAND_bytes(unsigned char* bytes, int count) {
  auto* engine = weir::simulation::engine_of_this_thread();
  if (engine == nullptr) {
    return ::getrandom(bytes, static_cast<std::size_t>(count), 0) == count ? 1 : 0;
  }
  for (int i = 0; i < count; ++i) bytes[i] = static_cast<unsigned char>(engine->draw(256));
  return 1;
}
