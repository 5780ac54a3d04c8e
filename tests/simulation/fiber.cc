#include "tests/simulation/fiber.h"

#include "base/result.h"

#include <sys/mman.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace weir::simulation {
namespace {

constexpr std::size_t kStackBytes = 512u << 10;

thread_local std::vector<void*> spare_stacks;
thread_local Fiber* starting = nullptr;

/// With a page below it that nobody may touch: an overflow stops the process where it happens.
void* take_stack() {
  if (!spare_stacks.empty()) {
    void* stack = spare_stacks.back();
    spare_stacks.pop_back();
    return stack;
  }
  void* stack = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  WEIR_CHECK(stack != MAP_FAILED);
  WEIR_CHECK(::mprotect(stack, static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)), PROT_NONE) == 0);
  return stack;
}

}  // namespace

Fiber::Fiber(Process& process_in, std::function<void()> body)
    : process(process_in), body_(std::move(body)), stack_(take_stack()) {
  WEIR_CHECK(::getcontext(&here_) == 0);
  here_.uc_stack.ss_sp = stack_;
  here_.uc_stack.ss_size = kStackBytes;
  here_.uc_link = &engine_;
  ::makecontext(&here_, &Fiber::run, 0);
}

Fiber::~Fiber() { spare_stacks.push_back(stack_); }

void Fiber::run() {
  Fiber* self = std::exchange(starting, nullptr);
  self->body_();
  self->ended_ = true;
}

void Fiber::enter() {
  starting = this;  // read by a fiber that enters for the first time only
  WEIR_CHECK(::swapcontext(&engine_, &here_) == 0);
}

void Fiber::leave() { WEIR_CHECK(::swapcontext(&here_, &engine_) == 0); }

}  // namespace weir::simulation
