#include "analytics/query_spec.h"

#include "analytics/rollup.h"

#include <algorithm>
#include <charconv>

namespace weir {
namespace {

Error refused(const std::string& parameter, const std::string& what) {
  return Error{ErrorCode::invalid, parameter + ": " + what, ""};
}

template <class Words>
std::string list_of(const Words& words) {
  std::string list;
  for (const auto& word : words) list += (list.empty() ? "" : ", ") + std::string(word.name);
  return list;
}

template <class Word, class Find, class Words>
Result<std::vector<const Word*>> look_up(const std::string& parameter,
                                         const std::vector<std::string>& names, const Find& find,
                                         const Words& words) {
  std::vector<const Word*> found;
  for (const std::string& name : names) {
    const Word* word = find(name);
    if (word == nullptr) {
      return refused(parameter, "'" + name + "' is not known; allowed are " + list_of(words));
    }
    if (std::find(found.begin(), found.end(), word) != found.end()) {
      return refused(parameter, "'" + name + "' is named twice");
    }
    found.push_back(word);
  }
  return found;
}

Result<std::int64_t> time_of(const std::string& parameter, const std::string& text) {
  Result<std::int64_t> time = parse_rfc3339(text);
  if (time) return time;
  return refused(parameter, "'" + text + "' is no time; write it like 2026-03-01T12:00:00Z");
}

Status check_granularity(const QueryParameters& parameters, QuerySpec& spec) {
  spec.granularity_name = parameters.granularity.value_or("all");
  if (spec.granularity_name == "all") return {};
  const std::string& name = spec.granularity_name;
  Result<PeriodRule> rule = parse_period_rule(name == "minute" ? "1m" : name);
  if (!rule) {
    return refused("granularity", "'" + name +
                                      "' is not known; allowed are all, minute, hour, day, week, "
                                      "month, or a duration of 1s or more such as 5m");
  }
  spec.granularity = *rule;
  return {};
}

Status check_order(const QueryParameters& parameters, QuerySpec& spec) {
  spec.order_by = spec.metrics.front();
  if (!parameters.order_by) return {};
  std::string name = *parameters.order_by;
  spec.descending = name.starts_with('-');
  if (spec.descending) name.erase(0, 1);
  spec.order_by = find_metric(name);
  if (spec.order_by != nullptr) return {};
  return refused("order_by", "'" + name + "' is no metric; allowed are " + list_of(metrics()) +
                                 ", with - before it for the largest first");
}

Result<bool> flag_of(const std::string& parameter, const std::string& text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return refused(parameter, "'" + text + "' is neither true nor false");
}

Result<SourceChoice> source_of(const std::string& text) {
  if (text == "auto") return SourceChoice::automatic;
  if (text == "rollup") return SourceChoice::rollup;
  if (text == "segments") return SourceChoice::segments;
  return refused("source", "'" + text + "' is not known; allowed are auto, rollup, segments");
}

}  // namespace

Result<TimeRange> check_range(const QueryParameters& parameters, std::int64_t now_us) {
  TimeRange range;
  range.to_us = minute_of(now_us) + kMinuteUs;
  if (parameters.to) {
    Result<std::int64_t> to = time_of("to", *parameters.to);
    if (!to) return to.error();
    range.to_us = *to;
  }
  range.from_us = range.to_us - 60 * kMinuteUs;
  if (parameters.from) {
    Result<std::int64_t> from = time_of("from", *parameters.from);
    if (!from) return from.error();
    range.from_us = *from;
  }
  if (range.from_us >= range.to_us) return refused("from", "must be before to");
  return range;
}

Result<std::vector<DimensionFilter>> check_filters(const QueryParameters& parameters) {
  std::vector<DimensionFilter> filters;
  for (const auto& [name, values] : parameters.filters) {
    const DimensionWord* dimension = find_dimension(name);
    if (dimension == nullptr) {
      return refused("filter",
                     "'" + name + "' is no dimension; allowed are " + list_of(dimensions()));
    }
    if (values.empty() || values.size() > kFilterValuesMax) {
      return refused("filter",
                     name + " needs 1 to " + std::to_string(kFilterValuesMax) + " values");
    }
    for (const std::string& value : values) {
      bool digits = !value.empty() && value.size() < 10 &&
                    value.find_first_not_of("0123456789") == std::string::npos;
      if (dimension->kind == Table::Kind::integer && !digits) {
        return refused("filter", name + " needs whole numbers, not '" + value + "'");
      }
    }
    filters.push_back({dimension, values});
  }
  return filters;
}

Result<std::int64_t> check_limit(const QueryParameters& parameters, std::int64_t fallback) {
  if (!parameters.limit) return fallback;
  const std::string& text = *parameters.limit;
  std::int64_t limit = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), limit);
  bool whole = fault == std::errc() && end == text.data() + text.size();
  if (whole && limit >= 1 && limit <= kGroupsMax) return limit;
  return refused("limit",
                 "'" + text + "' must be a whole number from 1 to " + std::to_string(kGroupsMax));
}

Result<QuerySpec> check_query(const QueryParameters& parameters, std::int64_t now_us) {
  QuerySpec spec;
  if (parameters.cursor) return refused("cursor", "belongs to /v1/requests");
  Result<TimeRange> range = check_range(parameters, now_us);
  if (!range) return range.error();
  spec.range = *range;
  spec.tz = parameters.tz.value_or("UTC");
  if (!check_zone(spec.tz)) {
    return refused("tz", "'" + spec.tz + "' is no zone; write an IANA name like Europe/Berlin");
  }
  WEIR_TRY(check_granularity(parameters, spec));

  std::vector<std::string> names = parameters.metrics;
  if (names.empty()) names = {"requests"};
  auto wanted = look_up<MetricWord>("metrics", names, find_metric, metrics());
  if (!wanted) return wanted.error();
  spec.metrics = *wanted;
  auto groups =
      look_up<DimensionWord>("group_by", parameters.group_by, find_dimension, dimensions());
  if (!groups) return groups.error();
  spec.group_by = *groups;
  Result<std::vector<DimensionFilter>> filters = check_filters(parameters);
  if (!filters) return filters.error();
  spec.filters = *filters;

  WEIR_TRY(check_order(parameters, spec));
  Result<std::int64_t> limit = check_limit(parameters, spec.limit);
  if (!limit) return limit.error();
  spec.limit = *limit;
  Result<bool> other = flag_of("other", parameters.other.value_or("true"));
  if (!other) return other.error();
  spec.other = *other;
  Result<SourceChoice> source = source_of(parameters.source.value_or("auto"));
  if (!source) return source.error();
  spec.source = *source;
  return spec;
}

}  // namespace weir
