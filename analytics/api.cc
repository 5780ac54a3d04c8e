#include "analytics/api.h"

#include "analytics/counts_spec.h"
#include "base/log.h"

#include <algorithm>

namespace weir {
namespace {

Result<QueryParameters> read_parameters(const HttpRequest& request) {
  if (request.method != "POST") return parameters_of(request);
  return parameters_of_json(request.body);
}

bool wants_csv(const HttpRequest& request) {
  return request.header("accept").find("text/csv") != std::string_view::npos;
}

HttpResponse refused(const Error& error) {
  if (error.code != ErrorCode::invalid) return problem_of(error);
  return problem(400, "/problems/bad-query", "This query cannot be answered", error.text());
}

std::string time_or_null(const Freshness& freshness, std::int64_t time_us) {
  return freshness.known ? json_quote(format_rfc3339(time_us)) : "null";
}

std::string lag_or_null(const AnswerFacts& facts) {
  if (!facts.freshness.known) return "null";
  auto lag = static_cast<double>(facts.as_of_us - facts.freshness.caught_up_us);
  return format_real(std::max(0.0, lag / 1e6));
}

/// "source":…, …, without braces.
std::string facts_json(const AnswerFacts& facts) {
  const Freshness& fresh = facts.freshness;
  std::string out = "\"source\":" + json_quote(facts.source);
  out += ",\"as_of\":" + json_quote(format_rfc3339(facts.as_of_us));
  out += ",\"complete_through\":" + time_or_null(fresh, fresh.complete_through_us);
  out += ",\"lag_s\":" + lag_or_null(facts);
  if (facts.expired_events > 0) {
    out += ",\"expired_events\":" + std::to_string(facts.expired_events);
  }
  if (facts.overflow_events > 0) {
    out += ",\"overflow_events\":" + std::to_string(facts.overflow_events);
  }
  return out;
}

HttpResponse csv(const Table& table, const AnswerFacts& facts) {
  HttpResponse response;
  response.content_type = "text/csv; charset=utf-8";
  response.body = to_csv(table);
  const Freshness& fresh = facts.freshness;
  response.headers = {{"weir-source", facts.source},
                      {"weir-as-of", format_rfc3339(facts.as_of_us)},
                      {"weir-lag-s", lag_or_null(facts)}};
  if (fresh.known) {
    response.headers.emplace_back("weir-complete-through",
                                  format_rfc3339(fresh.complete_through_us));
  }
  if (facts.expired_events > 0) {
    response.headers.emplace_back("weir-expired-events", std::to_string(facts.expired_events));
  }
  return response;
}

std::string range_json(const TimeRange& range) {
  return "\"from\":" + json_quote(format_rfc3339(range.from_us)) +
         ",\"to\":" + json_quote(format_rfc3339(range.to_us));
}

std::string query_json(const QuerySpec& spec, const QueryAnswer& answer) {
  std::string out = "{" + range_json(spec.range) + ",\"tz\":" + json_quote(spec.tz) +
                    ",\"granularity\":" + json_quote(spec.granularity_name) + "," +
                    facts_json(answer.facts);
  if (!spec.group_by.empty()) {
    out += ",\"groups_total\":" + std::to_string(answer.facts.groups_total);
  }
  return out + ",\"rows\":" + to_json(answer.table) + "}";
}

}  // namespace

/// The toll's answer outlives the engine's error, which has no place for it.
class AnalyticsApi::Paying {
 public:
  Paying(AnalyticsApi& api, const std::string& tenant) : api_(api), tenant_(tenant) {}
  CostCheck check() {
    return [this](const QueryCost& cost) -> Status {
      refusal_ = api_.toll_.pay(tenant_, cost);
      if (!refusal_) return {};
      return Error{ErrorCode::full, "the query costs too much", ""};
    };
  }
  HttpResponse refused_for(const Error& error) const {
    return refusal_ ? *refusal_ : refused(error);
  }

 private:
  AnalyticsApi& api_;
  const std::string& tenant_;
  std::optional<HttpResponse> refusal_;
};

AnalyticsApi::AnalyticsApi(QueryEngine& engine, ApiOptions options, Clock& clock, Metrics& metrics)
    : engine_(engine),
      options_(options),
      clock_(clock),
      from_rollup_(metrics.counter("weir_analytics_queries_total", "queries answered",
                                   {{"source", "rollup"}})),
      from_segments_(metrics.counter("weir_analytics_queries_total", "queries answered",
                                     {{"source", "segments"}})),
      duration_(metrics.duration("weir_analytics_query_seconds", "time to answer a query")),
      toll_(options.toll, clock, metrics) {}

void AnalyticsApi::add_routes(HttpServer& server) {
  for (const char* method : {"GET", "POST"}) {
    server.route(method, "/v1/query", Access::tenant,
                 [this](const HttpRequest& request) { return query(request); });
    server.route(method, "/v1/requests", Access::tenant,
                 [this](const HttpRequest& request) { return requests(request); });
  }
  server.route("POST", "/v1/counts", Access::tenant,
               [this](const HttpRequest& request) { return counts(request); });
  server.route("GET", "/v1/schema", Access::tenant,
               [this](const HttpRequest& request) { return schema(request); });
}

HttpResponse AnalyticsApi::query(const HttpRequest& request) {
  Result<QueryParameters> parameters = read_parameters(request);
  if (!parameters) return refused(parameters.error());
  Result<QuerySpec> spec = check_query(*parameters, clock_.now().value);
  if (!spec) return refused(spec.error());
  auto begun = clock_.steady_now();
  Paying paying(*this, request.tenant);
  Result<QueryAnswer> answer =
      engine_.query(request.tenant, *spec, Deadline::in(options_.query_timeout), paying.check());
  if (!answer) return paying.refused_for(answer.error());
  duration_.observe_us(std::chrono::duration_cast<Micros>(clock_.steady_now() - begun).count());
  (answer->facts.source == "rollup" ? from_rollup_ : from_segments_).add();
  if (wants_csv(request)) return csv(answer->table, answer->facts);
  return HttpResponse::json(200, query_json(*spec, *answer));
}

HttpResponse AnalyticsApi::requests(const HttpRequest& request) {
  Result<QueryParameters> parameters = read_parameters(request);
  if (!parameters) return refused(parameters.error());
  Result<RequestsSpec> spec = check_requests(*parameters, request.tenant, clock_.now().value);
  if (!spec) return refused(spec.error());
  Paying paying(*this, request.tenant);
  Result<RequestsAnswer> answer =
      engine_.requests(request.tenant, *spec, Deadline::in(options_.query_timeout), paying.check());
  if (!answer) return paying.refused_for(answer.error());
  from_segments_.add();
  if (wants_csv(request)) {
    HttpResponse response = csv(answer->table, answer->facts);
    if (answer->next_cursor)
      response.headers.emplace_back("weir-next-cursor", *answer->next_cursor);
    return response;
  }
  std::string next = answer->next_cursor ? json_quote(*answer->next_cursor) : "null";
  return HttpResponse::json(200, "{" + range_json(spec->range) + "," + facts_json(answer->facts) +
                                     ",\"next_cursor\":" + next +
                                     ",\"rows\":" + to_json(answer->table) + "}");
}

HttpResponse AnalyticsApi::counts(const HttpRequest& request) {
  Result<CountsSpec> spec = counts_of_json(request.body);
  if (!spec) return refused(spec.error());
  Paying paying(*this, request.tenant);
  Result<CountsAnswer> answer =
      engine_.counts(request.tenant, *spec, Deadline::in(options_.query_timeout), paying.check());
  if (!answer) return paying.refused_for(answer.error());
  from_segments_.add();
  return HttpResponse::json(200, counts_json(request.tenant, *spec, *answer));
}

HttpResponse AnalyticsApi::schema(const HttpRequest&) {
  return HttpResponse::json(200, schema_json());
}

}  // namespace weir
