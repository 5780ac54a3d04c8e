// The HTTP side of weir-analytics serve.
//
//   GET, POST /v1/query     numbers by time and dimension       (query_spec.h)
//   GET, POST /v1/requests  single requests, newest first        (requests_spec.h)
//   POST      /v1/counts    requests by subscription at an offset vector (counts_spec.h)
//   GET       /v1/schema    the words that a query may use
//
// JSON, or CSV by `Accept: text/csv`. Every answer says `as_of`, `complete_through` (null until every
// partition was seen to its end) and `lag_s`; in CSV they are headers. The tenant is the API key's.
// Errors are problem+json; a bad parameter is 400 and names it. At most `queries_per_tenant` run at
// once for a tenant; more are 429. Threads: any.
#pragma once

#include "analytics/engine.h"
#include "base/http/server.h"
#include "base/metrics.h"

#include <map>
#include <mutex>
#include <string>

namespace weir {

struct ApiOptions {
  Micros query_timeout = std::chrono::seconds(10);
  std::int64_t queries_per_tenant = 4;
};

class AnalyticsApi {
 public:
  AnalyticsApi(QueryEngine& engine, ApiOptions options, Clock& clock, Metrics& metrics);
  void add_routes(HttpServer& server);

  HttpResponse query(const HttpRequest& request);
  HttpResponse requests(const HttpRequest& request);
  HttpResponse counts(const HttpRequest& request);
  HttpResponse schema(const HttpRequest& request);

 private:
  class Turn;  // one running query of a tenant

  QueryEngine& engine_;
  const ApiOptions options_;
  Clock& clock_;
  Counter& from_rollup_;
  Counter& from_segments_;
  DurationHistogram& duration_;
  std::mutex mutex_;
  std::map<std::string, std::int64_t> running_;  // by tenant; guarded by mutex_
};

}  // namespace weir
