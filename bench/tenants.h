// Tenants at work against a Deployment: what quiet ones measure, and what a noisy one does meanwhile.
//
// Every actor is a thread of its own with its own HTTP client; it stops when told to. Actors never
// fail the bench for an answer of 429 or 503, which they count: what a limit refuses is its point.
#pragma once

#include "base/http/client.h"
#include "base/time.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace weir::bench {

struct Doors {
  std::string ingest, quota, queries;  // "http://127.0.0.1:PORT"
};

struct Tenant {
  std::string name;
  std::string key;
  std::string subscription;
};

/// Samples of several threads.
class Samples {
 public:
  void add(std::int64_t micros);
  /// The q-th of a thousand; 0 without samples.
  std::int64_t per_mille(int q) const;
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::int64_t> micros_;  // guarded by mutex_
};

struct Seen {
  Samples freshness;  // from the 202 until quota's usage shows it
  Samples query;      // a dashboard's question, from rollups
  std::atomic<std::int64_t> quiet_events{0}, noisy_events{0}, noisy_queries{0}, refused{0};
};

/// An event of `tenant`; `route` makes its key in the rollups.
std::string event_json(const Tenant& tenant, const std::string& id, const std::string& route);
HttpClient::Headers headers_of(const Tenant& tenant);

/// One event at a time, each watched until usage shows it.
void watch_freshness(const Doors& doors, const Tenant& tenant, const std::atomic<bool>& stop,
                     Seen& seen);
/// The last hour by minute, twenty times a second at most.
void watch_queries(const Doors& doors, const Tenant& tenant, const std::atomic<bool>& stop,
                   Seen& seen);
/// `per_second` events in batches, each with a route of its own.
void flood(const Doors& doors, const Tenant& tenant, std::int64_t per_second,
           const std::atomic<bool>& stop, Seen& seen);
/// Percentiles by route over all single requests, one after another.
void ask_heavily(const Doors& doors, const Tenant& tenant, const std::atomic<bool>& stop,
                 Seen& seen);

}  // namespace weir::bench
