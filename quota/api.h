// Quota over HTTP: usage, quota, check, freshness. Every answer says how fresh it is.
//
//   GET  /v1/subscriptions/{id}/usage?from&to&meter   half-open, on bucket edges; default: the period
//   GET  /v1/subscriptions/{id}/quota                 the plan's limits, as they stand
//   POST /v1/check                                    several costs, all or nothing; 429 when refused
//   GET  /v1/freshness
//
// The tenant comes from the API key alone; another tenant's subscription is 404, like one that does
// not exist. Reads the ledger, writes nothing. Threads: any.
#pragma once

#include "base/http/message.h"
#include "base/http/server.h"
#include "base/metrics.h"
#include "base/time.h"
#include "quota/idempotency.h"
#include "quota/ledger.h"
#include "quota/limiter.h"

namespace weir {

class QuotaApi {
 public:
  QuotaApi(Ledger& ledger, std::size_t entries_max, Clock& clock, Metrics& metrics);
  void add_routes(HttpServer& server);

  HttpResponse usage(const HttpRequest& request);
  HttpResponse quota(const HttpRequest& request);
  HttpResponse check(const HttpRequest& request);
  HttpResponse freshness(const HttpRequest& request);

 private:
  HttpResponse decide(const HttpRequest& request);

  Ledger& ledger_;
  Clock& clock_;
  Limiter limiter_;
  IdempotencyKeys keys_;
  Counter& allowed_;
  Counter& refused_;
};

}  // namespace weir
