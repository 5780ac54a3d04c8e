// How whatever blocks in the simulation gives way to the others, and where a process can die.
//
// One thread, virtual time. The parts that stand in for the world (database, stream, provider, disk)
// call step() at each of their calls: there another actor may run, time may pass, and the caller's
// process may die: then Crashed is thrown through the code under test, which unwinds as a killed
// process would leave things (open transactions roll back). Called while an exception unwinds,
// nothing happens. Nobody may step() inside a catch block. Threads: one.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <functional>
#include <string_view>

namespace weir::simulation {

/// Thrown out of a call when the caller's process dies there. No std::exception: nobody catches it
/// by mistake.
struct Crashed {};

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  /// `where` is for the trace: "quota.commit".
  virtual void step(std::string_view where) = 0;
  /// Gives way until `ready()`; false: `patience` of virtual time passed first. Throws Crashed when
  /// the caller's process dies meanwhile. `ready` is asked often, by others: it must not step.
  virtual bool wait(std::string_view where, Micros patience,
                    const std::function<bool()>& ready) = 0;
  /// True virtual time, microseconds since the epoch; nobody's clock, they may all be wrong.
  virtual std::int64_t true_us() const = 0;
  /// Uniform in [0, bound), from the seed.
  virtual std::uint64_t draw(std::uint64_t bound) = 0;
  /// A readable line of the trace; costs nothing when nobody traces: ask tracing() first.
  virtual bool tracing() const = 0;
  virtual void trace(std::string_view what) = 0;
};

}  // namespace weir::simulation
