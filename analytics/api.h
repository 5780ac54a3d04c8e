// The HTTP side of weir-analytics serve.
//
//   GET, POST /v1/query     numbers by time and dimension       (query_spec.h)
//   GET, POST /v1/requests  single requests, newest first        (requests_spec.h)
//   POST      /v1/counts    requests by subscription at an offset vector (counts_spec.h)
//   GET       /v1/schema    the words that a query may use
//
// JSON, or CSV by `Accept: text/csv`. Every answer says `as_of`, `complete_through` (null until every
// partition was seen to its end) and `lag_s`; in CSV they are headers. The tenant is the API key's.
// Errors are problem+json; a bad parameter is 400 and names it. What costs more than one query may
// is 422, more than its tenant has left is 429 with Retry-After (query_toll.h). How many of a tenant's
// run at once is the HTTP server's `running_per_tenant`. Threads: any.
#pragma once

#include "analytics/engine.h"
#include "base/http/server.h"
#include "base/metrics.h"

#include <string>

namespace weir {

struct ApiOptions {
  Micros query_timeout = std::chrono::seconds(10);
  TollOptions toll;
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
  class Paying;  // one query on its way past the toll

  QueryEngine& engine_;
  const ApiOptions options_;
  Clock& clock_;
  Counter& from_rollup_;
  Counter& from_segments_;
  DurationHistogram& duration_;
  QueryToll toll_;
};

}  // namespace weir
