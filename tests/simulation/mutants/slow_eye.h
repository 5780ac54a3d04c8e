// The close's fresh look takes its time, as a broker's answer may: for seconds it stands behind its
// fence while batches wait. No mutant: a slowness that the rules must bear, and which makes what
// happens between two statements likely.
#pragma once

#include "billing/stream_eye.h"
#include "tests/simulation/simulation.h"

namespace weir::simulation {

class SlowEye : public StreamEye {
 public:
  SlowEye(StreamEye& real, Scheduler& scheduler) : real_(real), scheduler_(scheduler) {}
  Result<StreamLook> look(Deadline d) override {
    const auto seconds = static_cast<std::int64_t>(scheduler_.draw(4));
    (void)scheduler_.wait("eye.look", Micros(seconds * kMicrosPerSecond), [] { return false; });
    return real_.look(d);
  }
  Result<std::optional<std::string>> digest_at(std::int32_t p, std::int64_t offset,
                                               Deadline d) override {
    return real_.digest_at(p, offset, d);
  }

 private:
  StreamEye& real_;
  Scheduler& scheduler_;
};

inline void look_slowly(WorldHooks& hooks) {
  hooks.eye = [](StreamEye& real, Scheduler& scheduler) -> std::unique_ptr<StreamEye> {
    return std::make_unique<SlowEye>(real, scheduler);
  };
}

}  // namespace weir::simulation
