// May this override be made, and what is it worth? (override_store.h)
#include "base/time.h"
#include "billing/override_store.h"
#include "billing/readiness.h"
#include "billing/seals.h"
#include "billing/trust.h"

#include <algorithm>

namespace weir {
namespace {

Error refused(std::string what, std::string remedy) {
  return {ErrorCode::invalid, std::move(what), std::move(remedy)};
}

template <class Codes>
bool contains(const Codes& codes, const std::string& code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string all_codes() {
  std::string text;
  for (const std::string_view code : overridable::kOfProducer) text += std::string(code) + ", ";
  for (const std::string_view code : overridable::kOfConfiguration) {
    text += std::string(code) + ", ";
  }
  return text.substr(0, text.size() - 2);
}

/// The T that --until or --period names; nullopt when neither was said.
Result<std::optional<std::int64_t>> until_of(const OverrideRequest& request,
                                             const std::vector<std::int64_t>& held_period_ends) {
  if (!request.until.empty() && !request.period.empty()) {
    return refused("--until and --period say the same thing", "give one of them");
  }
  if (!request.period.empty()) {
    if (held_period_ends.empty()) {
      return refused("no period " + request.period + " is held", "weir-billing held lists them");
    }
    return std::optional(held_period_ends.front());
  }
  if (request.until.empty()) return std::optional<std::int64_t>();
  const Result<std::int64_t> until = parse_rfc3339(request.until);
  if (!until) return until.error().within("--until");
  return std::optional(*until);
}

Status check_due(std::int64_t t_us, const Standing& standing) {
  const QuotaDeployment& deployment = standing.deployment;
  const std::string t = format_rfc3339(t_us);
  if (t_us % deployment.bucket_us != 0) {
    return refused(
        t + " is no edge of a bucket of " + format_duration(Micros(deployment.bucket_us)),
        "weir-billing check shows the T that waits");
  }
  if (t_us <= deployment.closed_until_us) {
    return refused(
        t + " is closed: everything up to " + format_rfc3339(deployment.closed_until_us) + " is",
        "late data is billed by later closes");
  }
  if (t_us > latest_edge(standing.now_us, deployment)) {
    return refused(t + " is not due before " + format_rfc3339(t_us + deployment.grace_us),
                   "wait for it: most producers seal in time");
  }
  return {};
}

/// What is given up, as far as it can be counted.
std::string worth_of(const std::vector<Reason>& reasons, const std::vector<ProducerWord>& words,
                     const std::string& producer, std::int64_t t_us) {
  if (reasons.front().code == "unsealed") {
    const std::int64_t unknown_us = t_us - reasons.front().since_us;
    if (unknown_us <= 0) return "what " + producer + " sent is in; its seal is not";
    return "what " + producer + " accepted in " + humane_duration(Micros(unknown_us)) +
           " before T is not waited for";
  }
  std::int64_t records = 0;
  for (const ProducerWord& word : words) {
    if (word.producer != producer) continue;
    for (const PromisedNumber& number : word.numbers) {
      if (!number.kept()) records += number.last - number.contiguous;
    }
  }
  return "up to " + grouped(records) + " records of " + producer + " are not waited for";
}

Result<CheckedOverride> check_producer(const OverrideRequest& request, const Standing& standing,
                                       CheckedOverride checked,
                                       const std::optional<std::int64_t>& until) {
  const auto& known = standing.producers.producers;
  const bool registered = std::any_of(
      known.begin(), known.end(),
      [&](const QuotaProducer& producer) { return producer.producer == request.producer; });
  if (!registered) {
    return refused(request.producer.empty() ? "--producer is missing: it is for one producer alone"
                                            : "no producer " + request.producer + " is registered",
                   "weir-billing check lists the producers");
  }
  if (!until) return refused("--until T or --period FROM/TO is missing", "weir-billing check");
  WEIR_TRY(check_due(*until, standing));
  const std::int64_t grace_us = standing.deployment.grace_us;
  const std::vector<ProducerWord> words = words_for(standing.producers, *until, grace_us);
  std::vector<Reason> reasons = judge_words(words, *until, grace_us);
  std::erase_if(reasons, [&](const Reason& reason) {
    return reason.code != request.code || reason.producer != request.producer;
  });
  if (reasons.empty()) {
    return refused(
        request.code + " of " + request.producer + " does not hold " + format_rfc3339(*until),
        "weir-billing check says what does");
  }
  checked.made.producer = request.producer;
  checked.made.until_us = *until;
  checked.worth = worth_of(reasons, words, request.producer, *until);
  return checked;
}

}  // namespace

bool blank(const std::string& text) { return text.find_first_not_of(" \t\n") == std::string::npos; }

Result<CheckedOverride> check_override(const OverrideRequest& request, const Standing& standing,
                                       const std::vector<std::int64_t>& held_period_ends) {
  if (blank(request.by)) return refused("--by is missing", "say who decides");
  if (blank(request.reason)) {
    return refused("--reason is missing", "say why: it stands on the certificate");
  }
  const bool of_producer = contains(overridable::kOfProducer, request.code);
  if (!of_producer && !contains(overridable::kOfConfiguration, request.code)) {
    return refused("nothing overrides \"" + request.code + "\"",
                   "these can be overridden: " + all_codes());
  }
  const auto until = until_of(request, held_period_ends);
  if (!until) return until.error();
  CheckedOverride checked;
  checked.made.code = request.code;
  checked.made.by = request.by;
  checked.made.reason = request.reason;
  if (of_producer) return check_producer(request, standing, std::move(checked), *until);
  if (!request.producer.empty()) {
    return refused(request.code + " is no producer's", "leave --producer out");
  }
  checked.made.until_us = until->value_or(INT64_MAX);
  if (checked.made.until_us <= standing.deployment.closed_until_us) {
    return refused(format_rfc3339(checked.made.until_us) + " is closed already",
                   "name a later T, or none: then it stands until it is revoked");
  }
  checked.worth = "every close " + (*until ? "up to " + format_rfc3339(**until)
                                           : std::string("until it is revoked"));
  return checked;
}

}  // namespace weir
