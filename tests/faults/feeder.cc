#include "tests/faults/feeder.h"

#include "base/digest.h"
#include "ingest/connect/connect.h"

#include <fmt/format.h>

namespace weir::test {

Feeder::Feeder(const Deployment& weir, FeederOptions options)
    : stream_(weir.stream()), options_(std::move(options)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { feed(stop); });
}

void Feeder::finish() {
  thread_.request_stop();
  thread_.join();
}

Feeder::Tally Feeder::tally() const {
  const std::lock_guard held(mutex_);
  return tally_;
}

Feeder::Tally Feeder::by_bucket(std::int64_t bucket_us) const {
  Tally sums;
  for (const auto& [at, events] : tally()) {
    sums[{at.first, at.second * kMicrosPerSecond / bucket_us * bucket_us}] += events;
  }
  return sums;
}

void Feeder::feed(const std::stop_token& stop) {
  Metrics metrics;
  auto sink = connect_keeper(stream_, metrics);
  WEIR_CHECK(sink.ok());
  const std::string source = "feeder-" + random_hex(4);
  for (int round = 0; !stop.stop_requested(); ++round) {
    const std::int64_t now_us = system_clock().now().value;
    const std::string time = format_rfc3339(now_us);
    std::vector<std::string> values;
    std::vector<OutRecord> records;
    for (int i = 0; i < options_.events_a_round; ++i) {
      const std::string& subscription =
          options_.subscriptions[static_cast<std::size_t>(i) % options_.subscriptions.size()];
      values.push_back(fmt::format(
          R"({{"tenant":"acme","source":"{}","id":"{}-{}","time":"{}","subscription":"{}"}})",
          source, round, i, time, subscription));
    }
    for (int i = 0; i < options_.events_a_round; ++i) {
      const std::string& subscription =
          options_.subscriptions[static_cast<std::size_t>(i) % options_.subscriptions.size()];
      records.push_back({partition_of(subscription, options_.partitions), kJson,
                         values[static_cast<std::size_t>(i)]});
    }
    while (!(*sink)->append(records, Deadline::in(std::chrono::seconds(10)))) {
    }
    {
      const std::lock_guard held(mutex_);
      for (int i = 0; i < options_.events_a_round; ++i) {
        ++tally_[{
            options_.subscriptions[static_cast<std::size_t>(i) % options_.subscriptions.size()],
            now_us / kMicrosPerSecond}];
      }
    }
    events_ += options_.events_a_round;
    std::this_thread::sleep_for(options_.pause);
  }
}

}  // namespace weir::test
