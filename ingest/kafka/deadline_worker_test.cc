#include "ingest/kafka/deadline_worker.h"

#include <future>
#include <gtest/gtest.h>

namespace weir {
namespace {

Deadline in_ms(int ms) { return Deadline::in(std::chrono::milliseconds(ms)); }

TEST(DeadlineWorker, gives_what_the_call_gives) {
  DeadlineWorker worker;
  EXPECT_EQ(*worker.run<int>("call", in_ms(10'000), [] { return Result<int>(7); }), 7);
  Result<int> failed = worker.run<int>("call", in_ms(10'000), [] {
    return Result<int>(Error{ErrorCode::denied, "no", ""});
  });
  EXPECT_EQ(failed.error().code, ErrorCode::denied);
}

TEST(DeadlineWorker, a_stuck_call_is_left_at_the_deadline_and_delays_nobody_for_ever) {
  auto release = std::make_shared<std::promise<void>>();
  auto released = std::make_shared<std::shared_future<void>>(release->get_future());
  DeadlineWorker worker;
  auto stuck = [released]() -> Result<int> {
    released->wait();
    return 1;
  };
  Result<int> left = worker.run<int>("log bounds", in_ms(20), stuck);
  ASSERT_FALSE(left);
  EXPECT_EQ(left.error().code, ErrorCode::unavailable);
  Result<int> behind = worker.run<int>("next", in_ms(20), [] { return Result<int>(2); });
  EXPECT_EQ(behind.error().code, ErrorCode::unavailable);
  release->set_value();
  EXPECT_EQ(*worker.run<int>("later", in_ms(10'000), [] { return Result<int>(3); }), 3);
}

TEST(DeadlineWorker, can_be_destroyed_while_a_call_is_stuck) {
  auto release = std::make_shared<std::promise<void>>();
  auto finished = std::make_shared<std::promise<void>>();
  {
    auto released = std::make_shared<std::shared_future<void>>(release->get_future());
    DeadlineWorker worker;
    (void)worker.run<int>("call", in_ms(5), [released, finished]() -> Result<int> {
      released->wait();
      finished->set_value();
      return 1;
    });
  }
  release->set_value();
  finished->get_future().wait();  // what the call owns outlived the worker
}

}  // namespace
}  // namespace weir
