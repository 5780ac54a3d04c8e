// EventGenerator: request events by seed, and what they must come to.
//
// Event n is a pure function of (options, n): its customer by Zipf, route, status, latency, time.
// So a copy is that function asked again, and nothing is kept but the totals. All arithmetic is in
// integers, and the random numbers are our own: the same seed gives the same events everywhere.
// Times rise through [from, to); a fifth lie up to 30 s behind their neighbours, and the late ones
// anywhere before them. Threads: one.
#pragma once

#include "ingest/collector/generate.h"
#include "ingest/event/request_batch.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// What each event adds to: the meters "requests" (count), "units" and "tokens" (sums).
inline constexpr std::array<std::string_view, 3> kGeneratedMeters = {"requests", "units", "tokens"};

struct MeterAmounts {
  std::array<std::int64_t, kGeneratedMeters.size()> of{};
  void add(const MeterAmounts& other) {
    for (std::size_t i = 0; i < of.size(); ++i) of[i] += other.of[i];
  }
  bool operator==(const MeterAmounts&) const = default;
};

/// What consumers must have counted, once each, when they have read everything.
struct ExpectedTotals {
  struct Subscription {
    std::string tenant;
    std::string id;
    MeterAmounts sum;
    std::map<std::int64_t, MeterAmounts> buckets;  // by start of the bucket, µs
  };
  struct Route {
    std::string name;
    std::int64_t requests = 0;
    std::int64_t server_errors = 0;  // status >= 500
  };
  std::vector<Subscription> subscriptions;  // those that have events or not, in order of rank
  std::vector<Route> routes;
  std::int64_t events = 0;      // distinct good ones
  std::int64_t duplicates = 0;  // copies, re-stamped ones included
  std::int64_t restamped = 0;
  std::int64_t late = 0;  // among `events`
  std::int64_t poison = 0;

  std::int64_t received() const { return events + duplicates + poison; }
};

class EventGenerator {
 public:
  EventGenerator(const GenerateOptions& options, const IdentityKey& key);

  /// Appends rows to `batch` until it holds `rows_max` or the events are at an end, and to `poison`
  /// the bodies of the poison records that stand among them. False when nothing is left.
  bool fill(RequestBatch& batch, std::size_t rows_max, std::vector<std::string>& poison);
  const ExpectedTotals& totals() const { return totals_; }

 private:
  struct Event {
    std::int64_t number = 0;
    EventTime time;
    std::size_t subscription = 0;  // index into the totals
    std::size_t route = 0;
    std::uint16_t status = 200;
    std::int64_t units = 1;
    std::int64_t tokens = 0;  // 0: the event bears none
    std::int64_t latency_us = 0;
    std::uint64_t dice = 0;  // for what does not matter
    bool late = false;
  };

  Event event(std::int64_t number) const;
  EventTime even_time(std::int64_t number) const;
  void append(const Event& event, RequestBatch& batch) const;
  void count(const Event& event);
  void append_copy_after(std::int64_t number, RequestBatch& batch);

  GenerateOptions options_;
  const IdentityKey& key_;
  std::vector<std::uint64_t> rank_ends_;         // cumulative Zipf weights of the customers
  std::vector<std::size_t> first_subscription_;  // by customer; the next entry ends it
  ExpectedTotals totals_;
  std::int64_t next_ = 0;
};

/// A body that every decoder must refuse; `dice` chooses in which way.
std::string poison_body(std::uint64_t dice, std::int64_t number);

}  // namespace weir
