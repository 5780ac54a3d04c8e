// The small API behind nginx in `./weir demo`: a shop with a few fast routes, a slow one and one
// that fails. It knows nothing of Weir; what is billed is what nginx logs.
//
//   GET  /v1/orders/{id}    some milliseconds
//   GET  /v1/products/{id}  at once; every tenth id is unknown (404)
//   GET  /v1/reports/{day}  slow: a quarter of a second
//   POST /v1/payments       every second one fails (503)
//
// Usage: weir-demo-upstream HOST:PORT. Ends on SIGTERM.
#include "base/http/server.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/process.h"

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>

namespace weir {
namespace {

using std::chrono::milliseconds;

HttpResponse order(const HttpRequest& request) {
  const std::string& id = request.params.at("id");
  std::this_thread::sleep_for(milliseconds(1 + id.size()));
  return HttpResponse::json(200, "{\"order\":" + json_quote(id) + ",\"state\":\"shipped\"}\n");
}

HttpResponse product(const HttpRequest& request) {
  const std::string& id = request.params.at("id");
  if (id.ends_with('0')) {
    return problem(404, "/problems/no-such-product", "No such product", "ids ending in 0 are free");
  }
  return HttpResponse::json(200, "{\"product\":" + json_quote(id) + ",\"in_stock\":true}\n");
}

HttpResponse report(const HttpRequest& request) {
  std::this_thread::sleep_for(milliseconds(250));
  return HttpResponse::json(200, "{\"day\":" + json_quote(request.params.at("day")) + "}\n");
}

HttpResponse payment(std::atomic<std::uint64_t>& payments) {
  if (payments.fetch_add(1) % 2 == 1) {
    return problem(503, "/problems/bank-away", "The bank is away", "try again later");
  }
  return HttpResponse::json(201, "{\"paid\":true}\n");
}

ExitCode serve(const std::string& listen) {
  const std::stop_token stop = stop_on_signals();
  start_log("weir-demo-upstream", "warn", "auto");
  HttpServerOptions options;
  options.listen = listen;
  options.threads = 16;  // so that the slow route does not hold up the others
  Metrics metrics;
  const ApiKeys keys;
  std::atomic<std::uint64_t> payments = 0;
  HttpServer server(options, metrics, keys);
  server.route("GET", "/v1/orders/{id}", Access::open, order);
  server.route("GET", "/v1/products/{id}", Access::open, product);
  server.route("GET", "/v1/reports/{day}", Access::open, report);
  server.route("POST", "/v1/payments", Access::open,
               [&](const HttpRequest&) { return payment(payments); });
  if (Status started = server.start(); !started) {
    std::fprintf(stderr, "weir-demo-upstream: %s\n", started.error().text().c_str());
    return exit_code_of(started.error());
  }
  while (!sleep_until_stop(stop, std::chrono::seconds(1))) {
  }
  server.stop();
  return ExitCode::done;
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: weir-demo-upstream HOST:PORT\n");
    return static_cast<int>(weir::ExitCode::usage);
  }
  return static_cast<int>(weir::serve(argv[1]));
}
