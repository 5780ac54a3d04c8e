#include "tests/simulation/engine.h"

#include "base/result.h"
#include "tests/simulation/fiber.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <limits>
#include <utility>

namespace weir::simulation {
namespace {

constexpr std::uint64_t kStepUsMax = 400;        // a call takes that long at most
constexpr std::uint64_t kStepsBetweenTurns = 4;  // somebody else runs about every so many steps

}  // namespace

// splitmix64 (Steele, Lea, Flood 2014).
std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

Engine::Engine(std::uint64_t seed, std::int64_t start_us, bool trace)
    : random_(seed), now_us_(start_us), trace_(trace), outer_(be_engine_of_this_thread(this)) {}

Engine::~Engine() { be_engine_of_this_thread(outer_); }

Process& Engine::process(std::string name) {
  Process& made = processes_.emplace_back();
  made.name = std::move(name);
  return made;
}

void Engine::spawn(Process& process, std::function<void()> body) {
  fibers_.push_back(std::make_unique<Fiber>(process, std::move(body)));
  fibers_.back()->wake_us = now_us_;
}

Process* Engine::current() const { return running_ == nullptr ? nullptr : &running_->process; }

void Engine::run() {
  while (!fibers_.empty()) {
    Fiber* next = choose();
    if (next == nullptr) continue;  // time has passed: choose again
    running_ = next;
    next->enter();
    running_ = nullptr;
    if (next->ended()) std::erase_if(fibers_, [&](const auto& f) { return f.get() == next; });
  }
}

/// One of those that can go on; null after letting time pass, when there is none.
Fiber* Engine::choose() {
  ready_.clear();
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
  for (const auto& fiber : fibers_) {
    const Process& process = fiber->process;
    if (stopping_ || process.killed) {
      ready_.push_back(fiber.get());
      continue;
    }
    const bool called = fiber->ready != nullptr && (*fiber->ready)();
    const std::int64_t at = std::max(called ? now_us_ : fiber->wake_us, process.frozen_until_us);
    if (at <= now_us_) ready_.push_back(fiber.get());
    earliest = std::min(earliest, at);
  }
  if (!ready_.empty()) return ready_[random_.below(ready_.size())];
  WEIR_CHECK(earliest != std::numeric_limits<std::int64_t>::max());  // somebody always wakes
  now_us_ = std::max(now_us_, earliest);
  return nullptr;
}

void Engine::die_if_due(std::string_view where) {
  Process& process = running_->process;
  const bool planned = process.steps_to_live > 0 && --process.steps_to_live == 0;
  if (!stopping_ && !process.killed && !planned) return;
  process.killed = false;
  process.steps_to_live = -1;
  if (!stopping_) {
    ++process.deaths;
    if (trace_) trace(std::string("dies at ").append(where));
  }
  throw Crashed{};
}

void Engine::give_way() { running_->leave(); }

void Engine::step(std::string_view where) {
  if (running_ == nullptr || std::uncaught_exceptions() > 0) return;
  ++steps_;
  die_if_due(where);
  now_us_ += static_cast<std::int64_t>(random_.below(kStepUsMax));
  const bool frozen = running_->process.frozen_until_us > now_us_;
  if (!frozen && random_.below(kStepsBetweenTurns) != 0) return;
  running_->wake_us = now_us_;
  give_way();
  if (stopping_ || running_->process.killed) die_if_due(where);
}

bool Engine::wait(std::string_view where, Micros patience, const std::function<bool()>& ready) {
  if (running_ == nullptr || std::uncaught_exceptions() > 0) return ready && ready();
  ++steps_;
  die_if_due(where);
  running_->wake_us = now_us_ + std::max<std::int64_t>(patience.count(), 0);
  running_->ready = ready ? &ready : nullptr;
  give_way();
  running_->ready = nullptr;
  if (stopping_ || running_->process.killed) die_if_due(where);
  return ready && ready();
}

void Engine::sleep(Micros time) { (void)wait("sleep", time, {}); }
void Engine::sleep_until(std::int64_t true_us) { sleep(Micros(true_us - now_us_)); }

void Engine::trace(std::string_view what) {
  if (!trace_) return;
  const std::string at = format_rfc3339(now_us_ / 1000 * 1000);
  const Process* process = current();
  std::printf("%-12.12s  %-12s  %.*s\n", at.substr(11, at.size() - 12).c_str(),
              process == nullptr ? "world" : process->name.c_str(), static_cast<int>(what.size()),
              what.data());
}

}  // namespace weir::simulation
