#include "tests/simulation/engine.h"

#include "base/digest.h"

#include <gtest/gtest.h>
#include <set>

namespace weir::simulation {
namespace {

constexpr std::int64_t kStart = 1'709'251'200'000'000;

std::string story_of(std::uint64_t seed) {
  Engine engine(seed, kStart, false);
  std::string story;
  for (const char* name : {"a", "b", "c"}) {
    engine.spawn(engine.process(name), [&engine, &story, name] {
      for (int i = 0; i < 20; ++i) {
        engine.step("here");
        story += name;
      }
      story += random_hex(2);
    });
  }
  engine.run();
  return story + std::to_string(engine.true_us());
}

TEST(Engine, a_seed_repeats_to_the_last_byte) {
  EXPECT_EQ(story_of(7), story_of(7));
  EXPECT_NE(story_of(7), story_of(8));
}

TEST(Engine, time_is_virtual_for_deadlines_and_sleeps) {
  Engine engine(1, kStart, false);
  bool passed = false;
  engine.spawn(engine.process("a"), [&] {
    const Deadline deadline = Deadline::in(std::chrono::hours(3));
    engine.sleep(std::chrono::hours(2));
    EXPECT_FALSE(deadline.passed());
    engine.sleep(std::chrono::hours(2));
    passed = deadline.passed();
  });
  engine.run();
  EXPECT_TRUE(passed);
  EXPECT_EQ(engine.true_us(), kStart + 4 * 3600 * kMicrosPerSecond);
}

TEST(Engine, a_planned_death_comes_at_its_step_and_unwinds) {
  Engine engine(1, kStart, false);
  Process& process = engine.process("a");
  process.steps_to_live = 3;
  int reached = 0;
  bool crashed = false;
  engine.spawn(process, [&] {
    try {
      for (;; ++reached) engine.step("here");
    } catch (const Crashed&) {
      crashed = true;
    }
  });
  engine.run();
  EXPECT_TRUE(crashed);
  EXPECT_EQ(reached, 2);
  EXPECT_EQ(process.deaths, 1);
}

TEST(Engine, whoever_waits_goes_on_when_it_is_ready_or_when_patience_ends) {
  Engine engine(1, kStart, false);
  bool open = false;
  std::vector<bool> came;
  for (int i = 0; i < 2; ++i) {
    engine.spawn(engine.process("waits"), [&, i] {
      const Micros patience = i == 0 ? Micros(std::chrono::hours(1)) : Micros(1000);
      came.push_back(engine.wait("door", patience, [&] { return open; }));
    });
  }
  engine.spawn(engine.process("opens"), [&] {
    engine.sleep(std::chrono::minutes(1));
    open = true;
  });
  engine.run();
  EXPECT_EQ(came, (std::vector<bool>{false, true}));
  EXPECT_LT(engine.true_us(), kStart + 3600 * kMicrosPerSecond);
}

TEST(Engine, a_frozen_process_does_nothing_until_it_thaws) {
  Engine engine(1, kStart, false);
  Process& process = engine.process("a");
  process.frozen_until_us = kStart + 1000;
  engine.spawn(process, [&] { EXPECT_GE(engine.true_us(), kStart + 1000); });
  engine.run();
}

}  // namespace
}  // namespace weir::simulation
