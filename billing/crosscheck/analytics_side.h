// Analytics' side of the cross-check: POST /v1/counts of weir-analytics serve, one call an API key.
#pragma once

#include "base/http/client.h"
#include "billing/crosscheck/crosscheck.h"

#include <string>

namespace weir {

/// The tenant is the key's. Errors: `unavailable` when analytics is away, answers too late or with
/// 5xx; `denied` for a key that it does not know; `invalid` for an answer that makes no sense.
Result<AnalyticsCounts> ask_analytics(HttpClient& client, const std::string& url,
                                      const std::string& key, const CrosscheckPlace& place,
                                      Deadline deadline);

/// Pure, for tests: the body of the request, and what its answer says.
std::string counts_request(const CrosscheckPlace& place);
Result<AnalyticsCounts> read_counts_answer(const std::string& body);

}  // namespace weir
