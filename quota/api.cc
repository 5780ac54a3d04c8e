#include "quota/api.h"

#include "base/log.h"
#include "quota/api_json.h"
#include "quota/check_request.h"

#include <algorithm>
#include <fmt/format.h>

namespace weir {
namespace {

using View = std::shared_ptr<const LedgerView>;

constexpr std::size_t kKeyBytesMax = 255;
constexpr std::size_t kIdempotencyBytesMax = 32 << 20;
constexpr Micros kIdempotencyAgeMax = std::chrono::hours(24);

Error no_subscription(const std::string& id) {
  return Error{ErrorCode::not_found, "no subscription " + id, ""};
}

/// A subscription of this tenant with its plan at `now_us`.
Result<PlanInForce> plan_in_force(const LedgerView& view, const std::string& tenant,
                                  const std::string& id, std::int64_t now_us) {
  const Subscription* subscription = view.subscription(tenant, id);
  if (subscription == nullptr) return no_subscription(id);
  if (now_us < subscription->from_us || now_us >= subscription->to_us) {
    return Error{ErrorCode::not_found, "subscription " + id + " is not running now", ""};
  }
  const Plan* plan = view.catalog->plan(tenant, subscription->plan, now_us);
  if (plan == nullptr) {
    return Error{ErrorCode::not_found, "subscription " + id + " has no plan in force now", ""};
  }
  Result<TimeRange> period = period_containing(plan->period, plan->time_zone, now_us);
  if (!period) return std::move(period).error();
  return PlanInForce{plan, *period};
}

Result<std::int64_t> time_parameter(const HttpRequest& request, const std::string& name,
                                    std::int64_t fallback) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return fallback;
  Result<std::int64_t> parsed = parse_rfc3339(found->second);
  if (!parsed) {
    return Error{ErrorCode::invalid, name + " must be a time such as 2026-03-01T00:00:00Z", ""};
  }
  return parsed;
}

/// from and to of the request, by default the present period.
Result<TimeRange> range_of(const HttpRequest& request, const LedgerView& view,
                           const Result<PlanInForce>& plan) {
  const bool given = request.query.contains("from") && request.query.contains("to");
  if (!given && !plan) {
    return Error{ErrorCode::invalid, "from and to must be given: the subscription has no period",
                 ""};
  }
  const TimeRange period = plan ? plan->period : TimeRange{};
  Result<std::int64_t> from = time_parameter(request, "from", period.from_us);
  if (!from) return std::move(from).error();
  Result<std::int64_t> to = time_parameter(request, "to", period.to_us);
  if (!to) return std::move(to).error();
  if (*from >= *to) return Error{ErrorCode::invalid, "from must be before to", ""};
  if (*from % view.bucket_us != 0 || *to % view.bucket_us != 0) {
    return Error{
        ErrorCode::invalid,
        "from and to must lie on bucket edges, every " + format_duration(Micros(view.bucket_us)),
        ""};
  }
  return TimeRange{*from, *to};
}

HttpResponse refusal(IdempotencyKeys::Refused why) {
  if (why == IdempotencyKeys::Refused::running) {
    return problem(409, "/problems/idempotency-key-running", "The first request is still running",
                   "wait for its answer, then repeat");
  }
  return problem(422, "/problems/idempotency-key-reused", "The key was used for another body",
                 "use a new Idempotency-Key for a new request");
}

}  // namespace

QuotaApi::QuotaApi(Ledger& ledger, std::size_t entries_max, Clock& clock, Metrics& metrics)
    : ledger_(ledger),
      clock_(clock),
      limiter_(entries_max),
      keys_(kIdempotencyBytesMax, kIdempotencyAgeMax, clock),
      allowed_(metrics.counter("weir_quota_checks_total", "checks by outcome",
                               {{"outcome", "allowed"}})),
      refused_(metrics.counter("weir_quota_checks_total", "checks by outcome",
                               {{"outcome", "refused"}})) {}

void QuotaApi::add_routes(HttpServer& server) {
  server.route("GET", "/v1/subscriptions/{id}/usage", Access::tenant,
               [this](const HttpRequest& request) { return usage(request); });
  server.route("GET", "/v1/subscriptions/{id}/quota", Access::tenant,
               [this](const HttpRequest& request) { return quota(request); });
  server.route("POST", "/v1/check", Access::tenant,
               [this](const HttpRequest& request) { return check(request); });
  server.route("GET", "/v1/freshness", Access::tenant,
               [this](const HttpRequest& request) { return freshness(request); });
}

HttpResponse QuotaApi::usage(const HttpRequest& request) {
  const std::string& id = request.params.at("id");
  Result<View> view = ledger_.view();
  if (!view) return problem_of(view.error());
  if ((*view)->subscription(request.tenant, id) == nullptr) {
    // Unattributed usage of this very tenant is shown too.
    Result<bool> known = ledger_.knows(request.tenant, id);
    if (!known) return problem_of(known.error());
    if (!*known) return problem_of(no_subscription(id));
  }
  const auto plan = plan_in_force(**view, request.tenant, id, clock_.now().value);
  Result<TimeRange> range = range_of(request, **view, plan);
  if (!range) return problem_of(range.error());
  Result<MeterSums> sums = ledger_.sums(request.tenant, id, *range);
  if (!sums) return problem_of(sums.error());
  const auto meter = request.query.find("meter");
  return HttpResponse::json(
      200,
      usage_json(id, *range, *sums, meter == request.query.end() ? "" : meter->second, **view));
}

HttpResponse QuotaApi::quota(const HttpRequest& request) {
  const std::string& id = request.params.at("id");
  const Moment now(clock_);
  Result<View> view = ledger_.view();
  if (!view) return problem_of(view.error());
  const auto plan = plan_in_force(**view, request.tenant, id, now.wall_us);
  if (!plan) return problem_of(plan.error());
  auto sums = ledger_.recent_sums(request.tenant, id, plan->period);
  if (!sums) return problem_of(sums.error());
  const Decision state = limiter_.decide(request.tenant, id, *plan, **sums, {}, now);
  return HttpResponse::json(
      200, fmt::format(R"({{"subscription":{},"plan":{},"period":{{"from":{},"to":{}}},{},{}}})",
                       json_quote(id), json_quote(plan->plan->id),
                       json_quote(format_rfc3339(plan->period.from_us)),
                       json_quote(format_rfc3339(plan->period.to_us)), limits_json(state),
                       freshness_json((*view)->freshness)));
}

HttpResponse QuotaApi::decide(const HttpRequest& request) {
  Result<CheckRequest> asked = parse_check(request.body);
  if (!asked) return problem_of(asked.error());
  const Moment now(clock_);
  Result<View> view = ledger_.view();
  if (!view) return problem_of(view.error());
  const auto plan = plan_in_force(**view, request.tenant, asked->subscription, now.wall_us);
  if (!plan) return problem_of(plan.error());
  for (const Cost& cost : asked->costs) {
    if ((*view)->catalog->meter(request.tenant, cost.meter, now.wall_us) == nullptr) {
      return problem(422, "/problems/unknown-meter", "There is no such meter",
                     "the catalogue has no meter " + cost.meter);
    }
  }
  auto sums = ledger_.recent_sums(request.tenant, asked->subscription, plan->period);
  if (!sums) return problem_of(sums.error());
  const Decision decision =
      limiter_.decide(request.tenant, asked->subscription, *plan, **sums, asked->costs, now);
  (decision.allowed ? allowed_ : refused_).add();
  HttpResponse response;
  const std::string rest = limits_json(decision) + "," + freshness_json((*view)->freshness);
  if (decision.allowed) {
    response = HttpResponse::json(200, R"({"allowed":true,)" + rest + "}");
  } else {
    response.status = 429;
    response.content_type = "application/problem+json";
    response.body = R"({"type":"/problems/limit-exceeded","title":"A limit is reached",)"
                    R"("status":429,"detail":"nothing was consumed","allowed":false,)" +
                    rest + "}";
  }
  add_limit_headers(decision, response);
  return response;
}

HttpResponse QuotaApi::check(const HttpRequest& request) {
  const std::string key(request.header("idempotency-key"));
  if (key.empty() || key.size() > kKeyBytesMax) {
    return problem(400, "/problems/idempotency-key-missing", "Idempotency-Key is missing",
                   "send a header Idempotency-Key of 1 to 255 bytes, new for each new request");
  }
  IdempotencyKeys::Begun begun = keys_.begin(request.tenant, key, request.body);
  if (auto* refused = std::get_if<IdempotencyKeys::Refused>(&begun)) return refusal(*refused);
  if (auto* former = std::get_if<HttpResponse>(&begun)) return *std::move(former);
  HttpResponse answer = decide(request);
  // What consumed nothing may be asked again under the same key.
  if (answer.status >= 500 || answer.status == 429) {
    keys_.forget(request.tenant, key);
  } else {
    keys_.finish(request.tenant, key, answer);
  }
  return answer;
}

HttpResponse QuotaApi::freshness(const HttpRequest&) {
  Result<View> view = ledger_.view();
  if (!view) return problem_of(view.error());
  return HttpResponse::json(200, "{" + freshness_json((*view)->freshness) + "}");
}

}  // namespace weir
