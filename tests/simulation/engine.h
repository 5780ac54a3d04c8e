// The engine: actors as fibers of one thread, virtual time, and every choice from one seed.
//
// An actor belongs to a process. It runs until it steps, waits or sleeps (scheduler.h); then the
// seed chooses who goes on. When nobody can, time jumps to the next moment at which somebody can. A
// process dies by kill() (at its next step, wherever it waits) or after a number of steps; it can be
// frozen, as by a long pause of the machine; it has a clock, which may be wrong. While an engine
// lives, the thread's std::chrono::steady_clock and its random bytes are the engine's
// (virtual_time.cc): deadlines in the code under test are virtual, and a seed repeats.
#pragma once

#include "tests/simulation/scheduler.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::simulation {

class Fiber;

/// Uniform numbers of a seed: small state, the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least) + 1));
  }
  bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }

 private:
  std::uint64_t state_;
};

/// A process, or a machine with a clock (broker, database). Its lives follow each other.
struct Process {
  std::string name;
  std::int64_t skew_us = 0;  // its clock less true time
  std::int64_t frozen_until_us = 0;
  std::int64_t steps_to_live = -1;  // then it dies; -1: nothing planned
  bool killed = false;              // dies at its next step
  int deaths = 0;
};

class Engine : public Scheduler {
 public:
  Engine(std::uint64_t seed, std::int64_t start_us, bool trace);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Process& process(std::string name);  // a new one; lives as long as the engine
  void spawn(Process& process, std::function<void()> body);
  /// Until every actor has ended.
  void run();
  /// Every actor dies at its next step, for good: bodies must end on Crashed when stopping().
  void stop() { stopping_ = true; }
  bool stopping() const { return stopping_; }
  void kill(Process& process) { process.killed = true; }

  void sleep(Micros time);
  void sleep_until(std::int64_t true_us);
  std::int64_t steps() const { return steps_; }
  Random& random() { return random_; }
  /// The process whose actor runs now; null between actors.
  Process* current() const;

  void step(std::string_view where) override;
  bool wait(std::string_view where, Micros patience, const std::function<bool()>& ready) override;
  std::int64_t true_us() const override { return now_us_; }
  std::uint64_t draw(std::uint64_t bound) override { return random_.below(bound); }
  bool tracing() const override { return trace_; }
  void trace(std::string_view what) override;

 private:
  void die_if_due(std::string_view where);
  void give_way();
  Fiber* choose();

  Random random_;
  std::int64_t now_us_;
  const bool trace_;
  bool stopping_ = false;
  std::int64_t steps_ = 0;
  std::deque<Process> processes_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> ready_;  // of choose()
  Fiber* running_ = nullptr;
  Engine* outer_;  // of this thread, before
};

/// A process's own clock.
class ProcessClock : public Clock {
 public:
  ProcessClock(const Scheduler& scheduler, const Process& process)
      : scheduler_(scheduler), process_(process) {}
  WallTime now() override { return WallTime{scheduler_.true_us() + process_.skew_us}; }
  std::chrono::steady_clock::time_point steady_now() override {
    return std::chrono::steady_clock::time_point(Micros(scheduler_.true_us()));
  }

 private:
  const Scheduler& scheduler_;
  const Process& process_;
};

/// The engine of this thread, or null. Both in virtual_time.cc.
Engine* engine_of_this_thread();
/// Gives the one before.
Engine* be_engine_of_this_thread(Engine* engine);

}  // namespace weir::simulation
