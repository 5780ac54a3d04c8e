// Parameters out of a query string and out of a JSON body. simdjson's types stop here.
#include "analytics/query_spec.h"

#include <simdjson.h>

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kBodyBytesMax = 64 << 10;

Error refused(std::string_view parameter, const std::string& what) {
  return Error{ErrorCode::invalid, std::string(parameter) + ": " + what, ""};
}

/// Cuts at `separator` where no backslash stands before it; backslashes stay for the next cut.
std::vector<std::string> cut(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      parts.back() += text[i++];
      parts.back() += text[i];
    } else if (text[i] == separator) {
      parts.emplace_back();
    } else {
      parts.back() += text[i];
    }
  }
  return parts;
}

std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> list;
  for (std::string& word : cut(text, ',')) {
    if (!word.empty()) list.push_back(std::move(word));
  }
  return list;
}

Status read_filters(const std::string& text, QueryParameters& into) {
  for (const std::string& one : words(text)) {
    std::vector<std::string> parts = cut(one, ':');
    if (parts.size() < 2) {
      return refused("filter", "'" + one + "' is not dimension:value");
    }
    std::string name = parts[0];
    std::string rest = one.substr(name.size() + 1);  // further colons belong to the value
    std::vector<std::string> values;
    for (const std::string& value : cut(rest, '|')) values.push_back(unescape(value));
    into.filters.emplace_back(std::move(name), std::move(values));
  }
  return {};
}

std::optional<std::string>* text_member(QueryParameters& into, std::string_view name) {
  if (name == "from") return &into.from;
  if (name == "to") return &into.to;
  if (name == "tz") return &into.tz;
  if (name == "granularity") return &into.granularity;
  if (name == "order_by") return &into.order_by;
  if (name == "limit") return &into.limit;
  if (name == "other") return &into.other;
  if (name == "source") return &into.source;
  if (name == "cursor") return &into.cursor;
  return nullptr;
}

Error unknown(std::string_view name) {
  return refused(name,
                 "is no parameter; allowed are from, to, tz, granularity, metrics, group_by, "
                 "filter, order_by, limit, other, source");
}

/// A string, number or boolean as text.
Result<std::string> scalar(std::string_view name, dom::element value) {
  if (value.is_string()) return std::string(value.get_string().value_unsafe());
  if (value.is_int64()) return std::to_string(value.get_int64().value_unsafe());
  if (value.is_bool()) return std::string(value.get_bool().value_unsafe() ? "true" : "false");
  return refused(name, "must be a string, a whole number or a boolean");
}

/// One scalar or an array of them.
Result<std::vector<std::string>> scalars(std::string_view name, dom::element value) {
  std::vector<std::string> list;
  if (!value.is_array()) {
    Result<std::string> one = scalar(name, value);
    if (!one) return one.error();
    list.push_back(*one);
    return list;
  }
  dom::array items = value.get_array().value_unsafe();
  for (dom::element item : items) {
    Result<std::string> one = scalar(name, item);
    if (!one) return one.error();
    list.push_back(*one);
  }
  return list;
}

Status read_json_filters(dom::element value, QueryParameters& into) {
  if (!value.is_object())
    return refused("filter", "must be an object {dimension: value or values}");
  dom::object members = value.get_object().value_unsafe();
  for (dom::key_value_pair pair : members) {
    Result<std::vector<std::string>> values = scalars("filter", pair.value);
    if (!values) return values.error();
    into.filters.emplace_back(std::string(pair.key), *values);
  }
  return {};
}

Status read_member(std::string_view name, dom::element value, QueryParameters& into) {
  if (name == "filter") return read_json_filters(value, into);
  if (name == "metrics" || name == "group_by") {
    Result<std::vector<std::string>> list = scalars(name, value);
    if (!list) return list.error();
    (name == "metrics" ? into.metrics : into.group_by) = *list;
    return {};
  }
  std::optional<std::string>* member = text_member(into, name);
  if (member == nullptr) return unknown(name);
  Result<std::string> text = scalar(name, value);
  if (!text) return text.error();
  *member = *text;
  return {};
}

}  // namespace

Result<QueryParameters> parameters_of(const HttpRequest& request) {
  QueryParameters into;
  for (const auto& [name, value] : request.query) {
    if (name == "metrics") {
      into.metrics = words(value);
    } else if (name == "group_by") {
      into.group_by = words(value);
    } else if (name == "filter") {
      WEIR_TRY(read_filters(value, into));
    } else if (std::optional<std::string>* member = text_member(into, name)) {
      *member = value;
    } else {
      return unknown(name);
    }
  }
  return into;
}

Result<QueryParameters> parameters_of_json(const std::string& body) {
  if (body.size() > kBodyBytesMax) return refused("body", "is larger than 64 KiB");
  dom::parser parser;
  dom::element root;
  if (parser.parse(body).get(root) != simdjson::SUCCESS || !root.is_object()) {
    return refused("body", "is no JSON object");
  }
  QueryParameters into;
  dom::object members = root.get_object().value_unsafe();
  for (dom::key_value_pair pair : members) {
    WEIR_TRY(read_member(pair.key, pair.value, into));
  }
  return into;
}

}  // namespace weir
