#include "quota/idempotency.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using Refused = IdempotencyKeys::Refused;

class IdempotencyTest : public ::testing::Test {
 protected:
  static bool first(const IdempotencyKeys::Begun& begun) {
    return std::holds_alternative<IdempotencyKeys::First>(begun);
  }
  ManualClock clock_{WallTime{0}};
  IdempotencyKeys keys_{4096, std::chrono::hours(1), clock_};
};

TEST_F(IdempotencyTest, the_same_request_again_gets_the_same_answer) {
  ASSERT_TRUE(first(keys_.begin("acme", "k", "body")));
  keys_.finish("acme", "k", HttpResponse::json(200, "answer"));
  const auto again = keys_.begin("acme", "k", "body");
  ASSERT_TRUE(std::holds_alternative<HttpResponse>(again));
  EXPECT_EQ(std::get<HttpResponse>(again).body, "answer");
}

TEST_F(IdempotencyTest, another_body_and_a_running_request_are_refused) {
  ASSERT_TRUE(first(keys_.begin("acme", "k", "body")));
  EXPECT_EQ(std::get<Refused>(keys_.begin("acme", "k", "body")), Refused::running);
  EXPECT_EQ(std::get<Refused>(keys_.begin("acme", "k", "other")), Refused::other_body);
}

TEST_F(IdempotencyTest, tenants_do_not_share_keys) {
  ASSERT_TRUE(first(keys_.begin("acme", "k", "body")));
  EXPECT_TRUE(first(keys_.begin("other", "k", "body")));
}

TEST_F(IdempotencyTest, a_forgotten_key_is_free_again) {
  ASSERT_TRUE(first(keys_.begin("acme", "k", "body")));
  keys_.forget("acme", "k");
  EXPECT_TRUE(first(keys_.begin("acme", "k", "other")));
}

TEST_F(IdempotencyTest, old_answers_and_those_beyond_the_bound_go_first) {
  ASSERT_TRUE(first(keys_.begin("acme", "old", "body")));
  keys_.finish("acme", "old", HttpResponse::json(200, "answer"));
  clock_.advance(std::chrono::hours(2));
  EXPECT_TRUE(first(keys_.begin("acme", "old", "body")));
  keys_.finish("acme", "old", HttpResponse::json(200, std::string(8192, 'x')));
  EXPECT_TRUE(first(keys_.begin("acme", "other", "body")));
  EXPECT_TRUE(first(keys_.begin("acme", "old", "body")));
}

}  // namespace
}  // namespace weir
