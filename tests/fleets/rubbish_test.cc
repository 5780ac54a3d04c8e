// Rubbish to every listener of every process, at once and for a bounded time: the others are answered all the
// while, memory stays within a stated bound, descriptors come back, and nobody dies.
#include "tests/fleets/rubbish.h"

#include "base/http/client.h"
#include "tests/fleets/nginx.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::IsEmpty;

// A request among the rubbish is answered within this. Generous: the machine has two cores, the rubbish
// wants them all, and other tests may, too.
constexpr auto kAnswered = seconds(5);
constexpr auto kLasts = seconds(8);
// What a process may have grown by: its read buffers (200 dripping clients of 8 KiB on each listener), bodies that
// were read before they were refused, and what the allocator keeps of them.
constexpr std::int64_t kGrowthMax = 32 << 20;

struct Listener {
  std::string path;  // what a good client asks, and is answered 200
  std::uint16_t port;
};

struct Process {
  std::string name, binary;
  std::vector<std::string> words;
  std::vector<Listener> listeners;
  std::unique_ptr<ChildProcess> child = nullptr;
  std::int64_t memory = 0, descriptors = 0;  // before the rubbish
};

std::int64_t memory_of(const ChildProcess& child) {
  std::ifstream status(fmt::format("/proc/{}/status", child.pid()));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

std::int64_t descriptors_of(const ChildProcess& child) {
  const std::filesystem::directory_iterator all(fmt::format("/proc/{}/fd", child.pid()));
  return std::distance(begin(all), end(all));
}

class RubbishTest : public ::testing::Test {
 protected:
  RubbishTest() {
    weir_.apply_catalog(one_price({"s1"}, "month", "0.01", now_second_us()));
    key_ = weir_.api_key("acme");  // before anybody reads the keys
    const std::string log = weir_.folder() + "/access.log";
    std::ofstream(log) << "";
    add("ingest", "weir-ingest", {"serve"},
        {{"listen", "/v1/events"}, {"admin_listen", "/v1/producer"}});
    add("tail", "weir-ingest", {"tail", log, "--tenant", "acme", "--subscription", "s1"},
        {{"tail_listen", "/healthz"}}, "ingest");
    add("quota", "weir-quota", {"serve"},
        {{"listen", "/v1/freshness"}, {"admin_listen", "/metrics"}});
    add("quota-consume", "weir-quota", {"consume"}, {{"consumer_listen", "/readyz"}}, "quota");
    add("analytics-consume", "weir-analytics", {"consume"}, {{"consumer_listen", "/readyz"}},
        "analytics");
    add("analytics", "weir-analytics", {"serve"},
        {{"listen", "/v1/schema"}, {"admin_listen", "/metrics"}});
    add("compact", "weir-analytics", {"compact"}, {{"compact_listen", "/metrics"}}, "analytics");
  }
  void add(const std::string& name, const std::string& binary, std::vector<std::string> words,
           const std::vector<std::pair<std::string, std::string>>& listeners,
           std::string table = "") {
    if (table.empty()) table = name;
    Process process{name, binary, std::move(words), {}};
    for (const auto& [setting, path] : listeners) {
      process.listeners.push_back({path, free_port()});
      process.words.push_back(
          fmt::format("--{}.{}=127.0.0.1:{}", table, setting, process.listeners.back().port));
    }
    process.child = weir_.start(process.binary, process.words, process.name);
    processes_.push_back(std::move(process));
  }
  /// Empty, or what was wrong with the answer. Each on a connection of its own.
  std::string ask(const Listener& listener) const {
    HttpClient client;
    const std::string url = fmt::format("http://127.0.0.1:{}{}", listener.port, listener.path);
    const HttpClient::Headers headers = {{"Authorization", "Bearer " + key_},
                                         {"Content-Type", "application/x-ndjson"}};
    const bool is_intake = listener.path == "/v1/events";
    const auto reply = is_intake ? client.post(url, headers, event(), Deadline::in(kAnswered))
                                 : client.get(url, headers, Deadline::in(kAnswered));
    if (!reply) return url + ": " + reply.error().text();
    if (reply->status == (is_intake ? 202 : 200)) return "";
    return fmt::format("{}: {} {}", url, reply->status, reply->body);
  }
  static std::string event() {
    static std::int64_t number = 0;
    return fmt::format(R"({{"source":"good","id":"{}","time":"{}","subscription":"s1"}})", ++number,
                       format_rfc3339(system_clock().now().value));
  }
  void everybody_is_answered() {
    for (const Process& process : processes_) {
      for (const Listener& listener : process.listeners) {
        EXPECT_TRUE(eventually(seconds(30), [&] { return ask(listener).empty(); }))
            << ask(listener) << process.child->err();
      }
    }
  }
  /// Rubbish to all, and questions to all meanwhile; the failures among these.
  std::vector<std::string> attack(std::chrono::steady_clock::duration lasts) {
    std::vector<std::unique_ptr<Rubbish>> rubbish;
    for (const Process& process : processes_) {
      for (const Listener& listener : process.listeners) {
        rubbish.push_back(std::make_unique<Rubbish>(listener.port, key_, rubbish.size()));
      }
    }
    std::vector<std::string> failures;
    const auto end = std::chrono::steady_clock::now() + lasts;
    while (std::chrono::steady_clock::now() < end) {
      for (const Process& process : processes_) {
        for (const Listener& listener : process.listeners) {
          const auto begun = std::chrono::steady_clock::now();
          std::string failure = ask(listener);
          slowest_ = std::max(slowest_, std::chrono::steady_clock::now() - begun);
          if (!failure.empty() && failures.size() < 5) failures.push_back(std::move(failure));
          ++asked_;
        }
      }
    }
    for (const auto& one : rubbish) one->finish();
    for (const auto& one : rubbish) {
      EXPECT_GT(one->connections(), 100);
      connections_ += one->connections();
    }
    return failures;
  }

  Deployment weir_;
  std::string key_;
  std::vector<Process> processes_;
  std::int64_t asked_ = 0, connections_ = 0;
  std::chrono::steady_clock::duration slowest_{0};
};

TEST_F(RubbishTest, rubbish_to_every_listener_costs_the_others_nothing_and_leaves_nothing_behind) {
  everybody_is_answered();
  for (Process& process : processes_) process.descriptors = descriptors_of(*process.child);
  // A first bit of it, so that what is made once (pools, counters by status) is there.
  EXPECT_THAT(attack(seconds(2)), IsEmpty());
  everybody_is_answered();
  for (Process& process : processes_) process.memory = memory_of(*process.child);
  EXPECT_THAT(attack(kLasts), IsEmpty());
  for (Process& process : processes_) {
    EXPECT_TRUE(process.child->running()) << process.name << process.child->err();
    EXPECT_LT(memory_of(*process.child) - process.memory, kGrowthMax) << process.name;
    // Some of its own come and go: connections to servers, files.
    EXPECT_TRUE(eventually(
        seconds(30), [&] { return descriptors_of(*process.child) <= process.descriptors + 8; }))
        << process.name << ": " << process.descriptors << " before, "
        << descriptors_of(*process.child) << " behind it";
    fmt::print("{}: {} KiB before, {} KiB behind it\n", process.name, process.memory / 1024,
               memory_of(*process.child) / 1024);
  }
  fmt::print("{} rubbish connections, {} requests answered among them, the slowest in {} ms\n",
             connections_, asked_,
             std::chrono::duration_cast<std::chrono::milliseconds>(slowest_).count());
  everybody_is_answered();
  for (Process& process : processes_) {
    EXPECT_EQ(process.child->stop(seconds(60)), 0) << process.name << process.child->err();
  }
}

}  // namespace
}  // namespace weir::test
