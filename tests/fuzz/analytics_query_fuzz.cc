// The parameters of analytics' queries, of a GET's query string and of a POST's body.
#include "analytics/query_spec.h"
#include "base/http/query_string.h"
#include "tests/fuzz/fuzz.h"

namespace weir {
namespace {

void check(const Result<QueryParameters>& parameters) {
  if (!parameters) {
    WEIR_CHECK(parameters.error().code == ErrorCode::invalid);
    return;
  }
  const Result<QuerySpec> spec = check_query(*parameters, fuzz::kNow);
  if (!spec) {
    WEIR_CHECK(!spec.error().what.empty());
    return;
  }
  WEIR_CHECK(!spec->metrics.empty() && spec->order_by != nullptr);
  WEIR_CHECK(spec->limit >= 0 && spec->limit <= kGroupsMax);
  WEIR_CHECK(spec->range.from_us < spec->range.to_us);
}

}  // namespace
}  // namespace weir

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const std::string text(fuzz::text_of(data, size));
  HttpRequest request;
  request.method = "GET";
  request.path = "/v1/query";
  parse_query(text, request.query);
  check(parameters_of(request));
  check(parameters_of_json(text));
  return 0;
}
