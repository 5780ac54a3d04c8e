// The JSON of quota's answers, and the rate-limit headers.
#pragma once

#include "base/calendar.h"
#include "base/http/message.h"
#include "quota/ledger.h"
#include "quota/limiter.h"

#include <string>

namespace weir {

/// `"as_of":"…","complete_through":"…","lag_s":620`; complete_through and lag_s are null while a
/// partition was never read to its end.
std::string freshness_json(const Freshness& freshness);
std::string usage_json(const std::string& subscription, TimeRange range, const MeterSums& sums,
                       const std::string& only_meter, const LedgerView& view);
/// `"limits":[…]`
std::string limits_json(const Decision& decision);
/// RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers), Retry-After when refused
/// and waiting helps.
void add_limit_headers(const Decision& decision, HttpResponse& response);

}  // namespace weir
