// One tenant's flood, and what another notices of it: nothing.
#include "base/http/server_fixture.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::HasSubstr;

int status_of(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::atoi(answer.substr(9, 3).c_str());
}

std::string post(const std::string& path, const std::string& key, std::size_t bytes = 0) {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key +
         "\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'x');
}

class TenantsTest : public ServerTest {
 protected:
  /// Refusals are counted before they are written.
  void refused(int count) {
    const std::string wanted = R"(route="refused",status="429"} )" + std::to_string(count) + "\n";
    while (metrics_.render().find(wanted) == std::string::npos) std::this_thread::yield();
  }
};

TEST_F(TenantsTest, requests_beyond_a_tenants_bound_are_429_and_anothers_are_answered) {
  options_.threads = 2;
  options_.running_per_tenant = 1;
  options_.waiting_per_tenant = 2;
  start();
  std::vector<std::unique_ptr<RawClient>> flood;
  for (int i = 0; i < 8; ++i) {
    flood.push_back(std::make_unique<RawClient>(server_->port()));
    flood.back()->send(post("/my-gate", key_));
    if (i == 0) gate_reached(1);
  }
  refused(5);  // one runs, two wait
  EXPECT_EQ(status_of(exchange(post("/mine", other_key_))), 200);

  open_gate();
  int answered = 0;
  for (auto& client : flood) {
    const std::string answer = client->read_answer();
    if (status_of(answer) == 200) {
      ++answered;
      continue;
    }
    EXPECT_EQ(status_of(answer), 429);
    EXPECT_THAT(answer, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_THAT(answer, HasSubstr("/problems/too-many-requests"));
  }
  EXPECT_EQ(answered, 3);
}

TEST_F(TenantsTest, a_tenant_holds_half_of_the_bytes_and_leaves_the_rest_to_others) {
  options_.threads = 2;
  options_.running_per_tenant = 1;
  options_.queued_bytes_max = 200'000;
  start();
  RawClient stuck(server_->port());
  stuck.send(post("/my-gate", key_, 60'000));
  gate_reached(1);
  EXPECT_EQ(status_of(exchange(post("/mine", key_, 60'000))), 429);
  EXPECT_EQ(status_of(exchange(post("/mine", other_key_, 60'000))), 200);
  open_gate();
  EXPECT_EQ(status_of(stuck.read_answer()), 200);
  EXPECT_EQ(status_of(exchange(post("/mine", key_, 60'000))), 200);
}

TEST_F(TenantsTest, a_single_request_of_a_tenant_is_taken_whatever_its_size) {
  options_.queued_bytes_max = 50'000;
  start();
  EXPECT_EQ(status_of(exchange(post("/mine", key_, 200'000))), 200);
}

}  // namespace
}  // namespace weir
