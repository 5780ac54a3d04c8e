// A fiber: a function with a stack of its own, entered and left by hand (ucontext). Stacks are kept
// for the next fiber of the thread. Threads: the one that made it.
#pragma once

#include "tests/simulation/engine.h"

#include <functional>
#include <ucontext.h>

namespace weir::simulation {

class Fiber {
 public:
  Fiber(Process& process, std::function<void()> body);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void enter();  // from the engine, until the fiber leaves or ends
  void leave();  // from within
  bool ended() const { return ended_; }

  Process& process;
  // What it waits for; the engine's.
  std::int64_t wake_us = 0;
  const std::function<bool()>* ready = nullptr;

 private:
  static void run();

  std::function<void()> body_;
  void* stack_;
  ucontext_t here_{}, engine_{};
  bool ended_ = false;
};

}  // namespace weir::simulation
