#include "analytics/requests_spec.h"

#include "base/digest.h"

#include <charconv>

namespace weir {
namespace {

constexpr std::size_t kDigestDigits = 16;
constexpr std::size_t kNumbers = 7;

Error refused(const std::string& parameter, const std::string& what) {
  return Error{ErrorCode::invalid, parameter + ": " + what, ""};
}

std::string digest_of(const std::string& tenant, const std::vector<DimensionFilter>& filters) {
  std::vector<std::string> fields = {tenant};
  for (const DimensionFilter& filter : filters) {
    fields.emplace_back(filter.dimension->name);
    fields.push_back(std::to_string(filter.values.size()));
    fields.insert(fields.end(), filter.values.begin(), filter.values.end());
  }
  std::vector<std::string_view> views(fields.begin(), fields.end());
  return sha256_hex(length_prefixed(views)).substr(0, kDigestDigits);
}

/// "n,n,n,n,n,n,n,digest" in hex.
bool read_cursor(const std::string& cursor, RequestsSpec& spec) {
  Result<std::string> plain = from_hex(cursor);
  if (!plain) return false;
  std::int64_t numbers[kNumbers];
  const char* at = plain->data();
  const char* end = at + plain->size();
  for (std::int64_t& number : numbers) {
    auto [next, fault] = std::from_chars(at, end, number);
    if (fault != std::errc() || next == end || *next != ',') return false;
    at = next + 1;
  }
  if (std::string_view(at, static_cast<std::size_t>(end - at)) != spec.digest) return false;
  spec.range = {numbers[0], numbers[1]};
  spec.after = RequestPlace{numbers[2], numbers[3], numbers[4], numbers[5], numbers[6]};
  return spec.range.from_us < spec.range.to_us;
}

Status refuse_foreign(const QueryParameters& p) {
  auto none = [](const std::string& name) {
    return refused(name, "belongs to /v1/query; allowed here are from, to, filter, limit, cursor");
  };
  if (p.granularity) return none("granularity");
  if (p.order_by) return none("order_by");
  if (p.other) return none("other");
  if (p.source) return none("source");
  if (p.tz) return none("tz");
  if (!p.metrics.empty()) return none("metrics");
  if (!p.group_by.empty()) return none("group_by");
  return {};
}

}  // namespace

Result<RequestsSpec> check_requests(const QueryParameters& parameters, const std::string& tenant,
                                    std::int64_t now_us) {
  WEIR_TRY(refuse_foreign(parameters));
  RequestsSpec spec;
  Result<TimeRange> range = check_range(parameters, now_us);
  if (!range) return range.error();
  spec.range = *range;
  Result<std::vector<DimensionFilter>> filters = check_filters(parameters);
  if (!filters) return filters.error();
  spec.filters = *filters;
  Result<std::int64_t> limit = check_limit(parameters, spec.limit);
  if (!limit) return limit.error();
  spec.limit = *limit;
  spec.digest = digest_of(tenant, spec.filters);
  if (parameters.cursor && !read_cursor(*parameters.cursor, spec)) {
    return refused("cursor", "is not one that this list gave; start again without it");
  }
  return spec;
}

std::string cursor_of(const RequestsSpec& spec, const RequestPlace& last) {
  std::string plain;
  for (std::int64_t number : {spec.range.from_us, spec.range.to_us, last.time_us, last.incarnation,
                              last.partition, last.offset, last.row}) {
    plain += std::to_string(number) + ",";
  }
  plain += spec.digest;
  return to_hex({reinterpret_cast<const std::uint8_t*>(plain.data()), plain.size()});
}

}  // namespace weir
