#include "base/http/dispatcher.h"

#include "base/digest.h"
#include "base/http/query_string.h"
#include "base/log.h"

#include <algorithm>
#include <chrono>

namespace weir {
namespace {

constexpr std::size_t kRequestIdBytesMax = 128;

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

/// "00-<32 hex>-<16 hex>-<2 hex>" (W3C Trace Context), neither id all zeros.
bool is_traceparent(std::string_view text) {
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  for (std::size_t i = 0; i < 55; ++i) {
    const char c = text[i];
    const bool is_dash = i == 2 || i == 35 || i == 52;
    if (!is_dash && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return false;
  }
  const bool is_blank = text.substr(3, 32).find_first_not_of('0') == std::string_view::npos ||
                        text.substr(36, 16).find_first_not_of('0') == std::string_view::npos;
  return text.substr(0, 2) != "ff" && !is_blank;
}

bool starts_with_bearer(std::string_view text) {
  constexpr std::string_view kScheme = "bearer ";
  return text.size() > kScheme.size() &&
         std::equal(kScheme.begin(), kScheme.end(), text.begin(), [](char want, char have) {
           return want == (have >= 'A' && have <= 'Z' ? static_cast<char>(have + 32) : have);
         });
}

HttpResponse unauthorised(std::string_view detail, std::string_view challenge) {
  HttpResponse response = problem(401, "/problems/unauthorized", "An API key is needed", detail);
  response.headers.emplace_back("WWW-Authenticate", challenge);
  return response;
}

HttpResponse too_many_requests(std::int64_t wait_s) {
  HttpResponse response =
      problem(429, "/problems/too-many-requests", "Too many requests with this API key",
              "send fewer a second; this one had no effect and may be sent again later");
  response.headers.emplace_back("Retry-After", std::to_string(wait_s));
  return response;
}

/// "http://host/path" is for proxies, but a server must take it too (RFC 9112, 3.2.2).
std::string_view origin_form(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t slash = target.find_first_of("/?", scheme.size());
    return slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target;
}

/// A label must have few values, and the method is the client's to invent.
std::string method_label(const std::string& method) {
  for (const char* known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    if (method == known) return method;
  }
  return "other";
}

constexpr const char* kRequestsHelp = "HTTP requests answered";

void log_request(const HttpRequest& request, std::string_view route, const HttpResponse& response,
                 std::int64_t took_us) {
  const auto line = response.status >= 500 ? log_warn : log_debug;
  line("http request", {{"method", request.method},
                        {"path", request.path},
                        {"route", route},
                        {"status", response.status},
                        {"took_us", took_us},
                        {"tenant", request.tenant}});
}

}  // namespace

void take_ids(HttpRequest& request) {
  const std::string_view id = request.header("x-request-id");
  const bool is_good = !id.empty() && id.size() <= kRequestIdBytesMax && is_visible_ascii(id);
  request.request_id = is_good ? std::string(id) : random_hex(16);
  const std::string_view trace = request.header("traceparent");
  request.traceparent = is_traceparent(trace)
                            ? std::string(trace)
                            : "00-" + random_hex(16) + "-" + random_hex(8) + "-00";
}

void give_ids(const HttpRequest& request, HttpResponse& response) {
  response.headers.emplace_back("X-Request-Id", request.request_id);
  response.headers.emplace_back("traceparent", request.traceparent);
}

Route& Dispatcher::add(std::string method, std::string pattern, Access access,
                       HttpServer::Handler handler) {
  Route& route = router_.add(std::move(method), std::move(pattern), access, std::move(handler));
  route.duration = &metrics_.duration("weir_http_request_duration_seconds",
                                      "time from the whole request to its answer",
                                      {{"route", route.pattern}, {"method", route.method}});
  return route;
}

Dispatcher::Admission Dispatcher::admit(HttpRequest& request, std::string_view target) {
  take_ids(request);
  target = origin_form(target);
  const std::size_t mark = target.find('?');
  const std::string_view raw_path = target.substr(0, mark);
  request.path = percent_decode(raw_path, false);
  if (!raw_path.starts_with('/')) {
    return {nullptr, problem(400, "/problems/invalid", "The request is wrong",
                             "the target of a request begins with a slash")};
  }
  if (mark != std::string_view::npos) parse_query(target.substr(mark + 1), request.query);

  Router::Match match = router_.find(request.method, raw_path);
  if (match.route == nullptr && match.allow.empty()) {
    return {nullptr, problem(404, "/problems/not-found", "There is no such thing",
                             "there is nothing at " + request.path)};
  }
  if (match.route == nullptr) {
    HttpResponse refusal = problem(405, "/problems/method-not-allowed", "Not with this method",
                                   request.path + " takes " + match.allow);
    refusal.headers.emplace_back("Allow", match.allow);
    return {nullptr, refusal};
  }
  request.params = std::move(match.params);
  if (match.route->access == Access::tenant) return {match.route, authorise(request)};
  return {match.route, std::nullopt};
}

std::optional<HttpResponse> Dispatcher::authorise(HttpRequest& request) {
  std::string_view credentials = request.header("authorization");
  if (!starts_with_bearer(credentials)) {
    return unauthorised("send your API key as Authorization: Bearer <key>",
                        "Bearer realm=\"weir\"");
  }
  credentials.remove_prefix(credentials.find(' ') + 1);
  while (credentials.starts_with(' ')) credentials.remove_prefix(1);
  std::optional<std::string> tenant = keys_.tenant_of(credentials);
  if (!tenant) {
    return unauthorised("this API key is not known here",
                        "Bearer realm=\"weir\", error=\"invalid_token\"");
  }
  request.tenant = std::move(*tenant);
  if (!limit_.limits()) return std::nullopt;
  // By the key's digest: the key itself is not kept.
  const auto wait_s = limit_.refuse(sha256_hex(credentials), std::chrono::steady_clock::now());
  if (wait_s) return too_many_requests(*wait_s);
  return std::nullopt;
}

HttpResponse Dispatcher::answer(Route& route, const HttpRequest& request) const {
  const LogScope scope(request.request_id, request.traceparent);
  const auto start = std::chrono::steady_clock::now();
  HttpResponse response;
  std::string thrown;
  try {
    response = route.handler(request);
  } catch (const std::exception& e) {
    thrown = e.what();
    if (thrown.empty()) thrown = "an exception without a text";
  } catch (...) {
    thrown = "something that is no std::exception";
  }
  if (thrown.empty() && (response.status < 200 || response.status > 599)) {
    thrown = "status " + std::to_string(response.status);
  }
  if (!thrown.empty()) {
    log_error("an HTTP handler failed", {{"route", route.pattern}, {"what", thrown}});
    response = problem(500, "/problems/internal", "An internal error",
                       "the log has more under request id " + request.request_id);
  }
  const auto took = std::chrono::steady_clock::now() - start;
  const std::int64_t took_us = std::chrono::duration_cast<Micros>(took).count();
  route.duration->observe_us(took_us);
  count(route, response.status);
  log_request(request, route.pattern, response, took_us);
  give_ids(request, response);
  return response;
}

void Dispatcher::note_refusal(const HttpRequest& request, const HttpResponse& response) const {
  metrics_
      .counter("weir_http_requests_total", kRequestsHelp,
               {{"route", "refused"},
                {"method", method_label(request.method)},
                {"status", std::to_string(response.status)}})
      .add();
  const LogScope scope(request.request_id, request.traceparent);
  log_request(request, "refused", response, 0);
}

void Dispatcher::count(Route& route, int status) const {
  const auto slot = static_cast<std::size_t>(std::clamp(status, 100, 599) - 100);
  Counter* counter = route.requests[slot].load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &metrics_.counter(
        "weir_http_requests_total", kRequestsHelp,
        {{"route", route.pattern}, {"method", route.method}, {"status", std::to_string(status)}});
    route.requests[slot].store(counter, std::memory_order_release);
  }
  counter->add();
}

}  // namespace weir
