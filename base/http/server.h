// The HTTP server of every process: HTTP/1.1 with keep-alive over Beast.
//
// Handlers are plain functions from request to answer. They run on a bounded pool of threads;
// connections are served asynchronously by one I/O thread. Bounds: body size (413), header size,
// connections (further ones are answered 503 and closed), idle and whole-request time-outs, and the
// bytes of requests that are being read, wait for a thread or are handled (503 with Retry-After;
// one request is always admitted). Tenants take turns: the threads go round between them, one tenant
// runs running_per_tenant handlers at once, has waiting_per_tenant requests waiting and half of the
// bytes; what is beyond gets 429 with Retry-After, and the others notice nothing. A request that has
// begun must be whole within request_timeout, else the connection is closed: a dripping client costs a
// connection for that long and no thread.
// Pipelined requests are answered in order. Routes and keys are checked before the body is read.
// Built in: GET /healthz (process is alive), GET /readyz (200, or 503 with the reasons), GET
// /metrics; the x-request-id and traceparent headers; problem+json for 404, 405 and thrown
// exceptions; Authorization: Bearer for routes that ask for a tenant, and a rate limit for each key
// (429 with Retry-After).
//
// With admin_listen a second listener has /metrics, /readyz and the routes of Access::admin, and the
// first one no longer has them; /healthz is on both. Without, all are on the one.
//
// A stop drains. For drain_delay the server goes on as before, but /readyz says 503 and every answer
// says `Connection: close`, so that whoever balances load leaves without a request lost. Then it takes
// no further connection, answers what is under way for at most drain_timeout, and closes. A client
// that keeps idle connections for longer than drain_delay may send into the close: let it keep them
// for a shorter time than that.
//
// `listen` may name a Unix-domain socket, "unix:/path". Its file has mode 0660: whoever may write to it
// may send requests, nobody else. A file that a dead process left is replaced; error when somebody
// listens there. It is removed at the stop.
#pragma once

#include "base/http/api_keys.h"
#include "base/http/message.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/settings.h"
#include "base/time.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir {

struct HttpServerOptions {
  std::string listen = "127.0.0.1:0";  // host:port (0: a free one), or unix:/path
  std::int64_t threads = 2;
  std::int64_t body_bytes_max = 8 << 20;
  std::int64_t header_bytes_max = 16 << 10;
  std::int64_t connections_max = 1024;
  std::int64_t queued_bytes_max = 64 << 20;
  std::int64_t running_per_tenant = 64;   // handlers of one tenant at once
  std::int64_t waiting_per_tenant = 512;  // its requests that wait for a thread
  Micros idle_timeout = std::chrono::seconds(60);
  Micros request_timeout = std::chrono::seconds(15);
  Micros drain_delay = Micros(0);
  Micros drain_timeout = std::chrono::seconds(5);
  std::int64_t requests_per_second = 0;        // of one API key; 0: no limit
  std::int64_t requests_burst = 0;             // 0: as many as requests_per_second
  std::string admin_listen;                    // empty: all on `listen`
  std::string listen_setting = "http.listen";  // as errors name it

  /// Declares them under `table` ("http.listen", ...) with `listen` as the default address.
  void declare(Settings& settings, const std::string& table, const std::string& default_listen);

  /// The same bounds for a listener that serves only those who run the process, at `address`: no rate
  /// limit, no second listener, and no delay at a stop.
  HttpServerOptions for_admins(const std::string& address, const std::string& setting) const;
};

/// `admin`: for those who run the process, without a key, on admin_listen where there is one.
enum class Access { open, tenant, admin };

class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  /// Empty: ready. Else one reason a line.
  using Readiness = std::function<std::vector<std::string>()>;

  HttpServer(HttpServerOptions options, Metrics& metrics, const ApiKeys& keys);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// `pattern`: "/v1/subscriptions/{id}/usage". All routes are added before start().
  void route(std::string method, std::string pattern, Access access, Handler handler);
  void readiness(Readiness readiness);

  /// Binds and serves. Error `unavailable` names the address and how to choose another.
  Status start();
  std::uint16_t port() const;
  std::uint16_t admin_port() const;  // port() where there is no second listener
  /// Drains as told above, and closes.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
