#include "base/http/server.h"

#include "base/http/connection.h"
#include "base/http/dispatcher.h"
#include "base/http/last_calls.h"
#include "base/http/listen_address.h"
#include "base/http/socket_file.h"
#include "base/http/worker_pool.h"
#include "base/log.h"
#include "base/process_metrics.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <thread>

namespace weir {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
// Told 503 at the same time; still further ones are just closed.
constexpr std::int64_t kTurnedAwayMax = 64;
constexpr const char* kAdminListen = ".admin_listen";
// For the first bytes on connections that were complete when no further one was taken.
constexpr auto kLastCalls = std::chrono::milliseconds(200);

Error cannot_listen(const HttpServerOptions& options, const error_code& error) {
  std::string remedy = "set " + options.listen_setting + " to another port";
  if (error == asio::error::address_in_use) remedy += ", or stop what listens there";
  if (error == asio::error::access_denied) remedy += " from 1024 on, or run with the right to it";
  if (error == boost::system::errc::address_not_available) {
    remedy = "set " + options.listen_setting + " to an address of this machine";
  }
  return Error{ErrorCode::unavailable,
               "HTTP cannot listen on " + options.listen + ": " + error.message(), remedy};
}

Error no_socket(const std::string& path, const error_code& error) {
  return Error{ErrorCode::unavailable, "HTTP cannot listen on " + path + ": " + error.message(),
               "let its folder be on a local file system, and let this user write to it"};
}

HttpResponse not_ready(const std::vector<std::string>& reasons) {
  std::string list;
  std::string detail;
  for (const std::string& reason : reasons) {
    list += (list.empty() ? "" : ",") + json_quote(reason);
    detail += (detail.empty() ? "" : "; ") + reason;
  }
  HttpResponse response = problem(503, "/problems/not-ready", "Not ready", detail);
  response.body.pop_back();
  response.body += ",\"reasons\":[" + list + "]}";
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

void HttpServerOptions::declare(Settings& settings, const std::string& table,
                                const std::string& default_listen) {
  using namespace std::chrono_literals;
  constexpr std::int64_t kMiB = 1 << 20;
  listen_setting = table + ".listen";
  settings.text(table + ".listen", &listen, default_listen,
                "host:port to listen on (port 0 takes a free one), or unix:/path");
  settings.integer(table + ".threads", &threads, threads, 1, 64, "threads",
                   "threads that run handlers");
  settings.integer(table + ".body_bytes_max", &body_bytes_max, body_bytes_max, 1024, 256 * kMiB,
                   "bytes", "longest body of a request; longer ones get 413");
  settings.integer(table + ".header_bytes_max", &header_bytes_max, header_bytes_max, 1024, kMiB,
                   "bytes", "longest header of a request; longer ones get 431");
  settings.integer(table + ".connections_max", &connections_max, connections_max, 1, 100'000,
                   "connections", "open connections; further ones get 503");
  settings.integer(table + ".queued_bytes_max", &queued_bytes_max, queued_bytes_max, 1024,
                   4096 * kMiB, "bytes", "bytes of all requests under way; further ones get 503");
  settings.integer(table + ".running_per_tenant", &running_per_tenant, running_per_tenant, 1, 64,
                   "requests", "of one tenant that are handled at once; more wait their turn");
  settings.integer(table + ".waiting_per_tenant", &waiting_per_tenant, waiting_per_tenant, 1,
                   100'000, "requests",
                   "of one tenant that wait for a thread; further ones get 429");
  settings.duration(table + ".idle_timeout", &idle_timeout, idle_timeout, 100ms, 1h,
                    "a connection without a request is closed after this");
  settings.duration(table + ".request_timeout", &request_timeout, request_timeout, 100ms, 10min,
                    "longest time to receive one request, and to send one answer");
  settings.duration(table + ".drain_delay", &drain_delay, drain_delay, 0s, 5min,
                    "at a stop, how long /readyz says 503 and requests are still answered; longer "
                    "than a load balancer keeps an idle connection");
  settings.duration(table + ".drain_timeout", &drain_timeout, drain_timeout, 0s, 5min,
                    "at a stop, after drain_delay, how long requests under way may take to end");
  settings.integer(table + ".requests_per_second", &requests_per_second, 0, 0, 1'000'000,
                   "requests",
                   "of one API key, in this process; further ones get 429; 0: no limit");
  settings.integer(table + ".requests_burst", &requests_burst, 0, 0, 1'000'000, "requests",
                   "of one API key at once, when it was quiet before; 0: one second's worth");
  settings.text(table + ".admin_listen", &admin_listen, "",
                "host:port of /metrics, /readyz and what else is not for tenants, which then are "
                "not on listen; empty: all on listen");
}

HttpServerOptions HttpServerOptions::for_admins(const std::string& address,
                                                const std::string& setting) const {
  HttpServerOptions out = *this;
  out.listen = address;
  out.listen_setting = setting;
  out.admin_listen.clear();
  out.requests_per_second = 0;
  out.drain_delay = Micros(0);
  return out;
}

struct HttpServer::State {
  // Constant after start().
  HttpServerOptions options;
  Metrics& metrics;
  Dispatcher dispatcher;
  Readiness readiness;
  std::uint16_t port = 0;
  std::unique_ptr<HttpServer> admin;  // the second listener, where there is one

  // Connections that a stop cut off are destroyed with `io`, and refer to what stands above it.
  ByteBudget budget;
  std::unique_ptr<WorkerPool> workers;
  std::unique_ptr<ConnectionContext> context;
  asio::io_context io{1};
  asio::basic_socket_acceptor<HttpProtocol> acceptor{io};
  std::optional<SocketFile> file;  // of a Unix-domain socket
  asio::steady_timer pause{io};    // of accepting, when the process is out of descriptors
  std::thread thread;

  std::atomic<bool> ending = false;
  std::int64_t turned_away = 0;  // I/O thread
  std::mutex mutex;
  std::condition_variable drained;
  std::int64_t connections = 0;  // guarded by mutex
  bool listens = true;           // guarded by mutex

  State(HttpServerOptions o, Metrics& m, const ApiKeys& keys)
      : options(std::move(o)),
        metrics(m),
        dispatcher(m, keys, RateLimit(options.requests_per_second, options.requests_burst)),
        budget(options.queued_bytes_max) {
    if (options.admin_listen.empty()) return;
    const std::string& own = options.listen_setting;
    const std::string setting = own.substr(0, own.rfind('.')) + kAdminListen;
    admin =
        std::make_unique<HttpServer>(options.for_admins(options.admin_listen, setting), m, keys);
    admin->readiness([this] { return not_ready_because(); });
  }

  std::vector<std::string> not_ready_because() const {
    if (ending) return {"the process is ending"};
    return readiness ? readiness() : std::vector<std::string>{};
  }

  void add_built_in_routes() {
    dispatcher
        .add("GET", "/healthz", Access::open,
             [](const HttpRequest&) { return HttpResponse::json(200, R"({"status":"alive"})"); })
        .at_once = true;
    if (admin) return;
    dispatcher
        .add("GET", "/metrics", Access::open,
             [this](const HttpRequest&) {
               observe_process(metrics);
               HttpResponse response;
               response.content_type = "text/plain; version=0.0.4; charset=utf-8";
               response.body = metrics.render();
               return response;
             })
        .at_once = true;
    dispatcher.add("GET", "/readyz", Access::open, [this](const HttpRequest&) {
      const auto reasons = not_ready_because();
      if (!reasons.empty()) return not_ready(reasons);
      return HttpResponse::json(200, R"({"status":"ready"})");
    });
  }

  Status listen() {
    Result<ListenAddress> address = parse_listen_address(options.listen);
    if (!address) return address.error().within(options.listen_setting);
    if (!address->path.empty()) return listen_local(address->path);
    const tcp::endpoint endpoint(asio::ip::make_address(address->host), address->port);
    error_code error;
    const auto step = [&](auto action) {
      if (!error) action();
    };
    step([&] { acceptor.open(endpoint.protocol(), error); });
    step([&] { acceptor.set_option(asio::socket_base::reuse_address(true), error); });
    // Connections inherit it: an answer is not held back for the next one.
    step([&] { acceptor.set_option(tcp::no_delay(true), error); });
    step([&] { acceptor.bind(endpoint, error); });
    step([&] { acceptor.listen(asio::socket_base::max_listen_connections, error); });
    if (error) return cannot_listen(options, error);
    tcp::endpoint bound;
    const auto local = acceptor.local_endpoint();
    std::memcpy(bound.data(), local.data(), std::min(local.size(), bound.capacity()));
    port = bound.port();
    return {};
  }

  Status listen_local(const std::string& path) {
    Result<SocketFile> place = SocketFile::prepare(path);
    if (!place) return place.error();
    const asio::local::stream_protocol::endpoint endpoint(place->short_path());
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    // A child that lived on would look like a listener.
    if (!error) ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
    if (!error) acceptor.bind(endpoint, error);
    if (error) return no_socket(path, error);
    WEIR_TRY(place->guard());  // nobody can connect before listen()
    acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return no_socket(path, error);
    file = *std::move(place);
    return {};
  }

  void count_connections(std::int64_t change) {
    std::int64_t now = 0;
    {
      const std::lock_guard lock(mutex);
      connections += change;
      now = connections;
    }
    drained.notify_all();
    const bool is_second = options.listen_setting.ends_with(kAdminListen);
    const Labels labels = is_second ? Labels{{"listener", "admin"}} : Labels{};
    metrics.gauge("weir_http_connections", "open HTTP connections", labels).set(now);
  }

  asio::awaitable<void> serve(HttpSocket socket) {
    count_connections(+1);
    co_await serve_connection(*context, std::move(socket));
    count_connections(-1);
  }

  asio::awaitable<void> refuse(HttpSocket socket) {
    ++turned_away;
    metrics.counter("weir_http_connections_refused_total", "HTTP connections told 503").add();
    if (turned_away <= kTurnedAwayMax) co_await turn_away(std::move(socket));
    --turned_away;
  }

  bool is_full() {
    const std::lock_guard lock(mutex);
    return connections >= options.connections_max;
  }

  void take(HttpSocket socket) {
    if (is_full()) {
      asio::co_spawn(io, refuse(std::move(socket)), asio::detached);
    } else {
      asio::co_spawn(io, serve(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> accept() {
    while (acceptor.is_open()) {
      auto [error, socket] = co_await acceptor.async_accept(kNoThrow);
      if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
      if (error) {
        // Out of descriptors, most likely: those that are closed meanwhile make room.
        log_warn("cannot accept a connection", {{"error", error.message()}});
        pause.expires_after(std::chrono::milliseconds(100));
        co_await pause.async_wait(kNoThrow);
        continue;
      }
      take(std::move(socket));
    }
  }

  /// Serves on, and sends everybody away for good: see server.h.
  void drain() {
    asio::post(io, [this] { context->draining = true; });
    std::this_thread::sleep_for(options.drain_delay);
    asio::post(io, [this] { ignore_new_handshakes(acceptor.native_handle()); });
    std::this_thread::sleep_for(kLastCalls);
  }

  void begin_stop() {
    asio::post(io, [this] {
      error_code ignored;
      acceptor.close(ignored);
      pause.cancel();
      context->stopping = true;
      for (auto* stream : context->idle) stream->close();
      const std::lock_guard lock(mutex);
      listens = false;
      drained.notify_all();
    });
  }
};

HttpServer::HttpServer(HttpServerOptions options, Metrics& metrics, const ApiKeys& keys)
    : state_(std::make_unique<State>(std::move(options), metrics, keys)) {}

HttpServer::~HttpServer() { stop(); }

void HttpServer::route(std::string method, std::string pattern, Access access, Handler handler) {
  WEIR_CHECK(!state_->thread.joinable());
  if (access == Access::admin && state_->admin) {
    return state_->admin->route(std::move(method), std::move(pattern), access, std::move(handler));
  }
  state_->dispatcher.add(std::move(method), std::move(pattern), access, std::move(handler));
}

void HttpServer::readiness(Readiness readiness) { state_->readiness = std::move(readiness); }

Status HttpServer::start() {
  State& state = *state_;
  WEIR_CHECK(!state.thread.joinable());
  if (state.admin) {
    WEIR_TRY(state.admin->start());
  }
  WEIR_TRY(state.listen());
  state.add_built_in_routes();
  state.workers = std::make_unique<WorkerPool>(
      state.options.threads,
      LaneLimits{state.options.running_per_tenant, state.options.waiting_per_tenant});
  state.context = std::make_unique<ConnectionContext>(ConnectionContext{state.options,
                                                                        state.dispatcher,
                                                                        *state.workers,
                                                                        state.budget,
                                                                        state.io,
                                                                        false,
                                                                        false,
                                                                        {},
                                                                        {}});
  asio::co_spawn(state.io, state.accept(), asio::detached);
  state.thread = std::thread([&state] { state.io.run(); });
  // A Unix-domain socket has no port.
  if (state.file) {
    log_info("http listens on a socket", {{"address", state.options.listen}});
    return {};
  }
  log_info("http listens", {{"address", state.options.listen},
                            {"port", state.port},
                            {"setting", state.options.listen_setting}});
  return {};
}

std::uint16_t HttpServer::port() const { return state_->port; }

std::uint16_t HttpServer::admin_port() const {
  return state_->admin ? state_->admin->port() : port();
}

void HttpServer::stop() {
  State& state = *state_;
  if (!state.thread.joinable()) return;
  state.ending = true;
  if (state.options.drain_delay.count() > 0) state.drain();
  state.file.reset();
  state.begin_stop();
  {
    std::unique_lock lock(state.mutex);
    const bool all_done = state.drained.wait_for(lock, state.options.drain_timeout, [&] {
      return !state.listens && state.connections == 0;
    });
    if (!all_done) {
      log_warn("http stops with open connections", {{"connections", state.connections}});
    }
  }
  state.io.stop();
  state.thread.join();
  state.workers->stop();
  if (state.admin) state.admin->stop();
}

}  // namespace weir
