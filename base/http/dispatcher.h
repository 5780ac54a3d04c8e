// From a request to its answer, without any network: routes, keys, ids, exceptions, metrics, log.
//
// admit() runs on the I/O thread as soon as the header is there; answer() on a worker. Beast's
// types do not come here, so all of it is tested with plain values.
#pragma once

#include "base/http/api_keys.h"
#include "base/http/message.h"
#include "base/http/rate_limit.h"
#include "base/http/router.h"
#include "base/metrics.h"

#include <optional>
#include <string>
#include <string_view>

namespace weir {

class Dispatcher {
 public:
  Dispatcher(Metrics& metrics, const ApiKeys& keys, RateLimit limit = RateLimit(0, 0))
      : metrics_(metrics), keys_(keys), limit_(std::move(limit)) {}

  Route& add(std::string method, std::string pattern, Access access, HttpServer::Handler handler);

  struct Admission {
    Route* route = nullptr;
    std::optional<HttpResponse> refusal;  // 400, 401, 404, 405, 429: the request goes no further
  };
  /// Fills path, query, params, request id, traceparent and tenant from `target` and the headers.
  Admission admit(HttpRequest& request, std::string_view target);

  /// Runs the handler; whatever it throws becomes a 500.
  HttpResponse answer(Route& route, const HttpRequest& request) const;

  /// For what is answered without a handler: counts it and logs it.
  void note_refusal(const HttpRequest& request, const HttpResponse& response) const;

 private:
  std::optional<HttpResponse> authorise(HttpRequest& request);
  void count(Route& route, int status) const;

  Metrics& metrics_;
  const ApiKeys& keys_;
  RateLimit limit_;  // I/O thread
  Router router_;
};

/// The ids that bind log lines together: taken over when they are well-formed, else made.
void take_ids(HttpRequest& request);
/// Puts the ids onto the answer.
void give_ids(const HttpRequest& request, HttpResponse& response);

}  // namespace weir
