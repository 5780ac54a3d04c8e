#include "ingest/event/route_template.h"

#include "ingest/event/limits.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::string_view kRest = "/{rest}";
constexpr std::size_t kPrefixBytesMax = 12;
constexpr std::size_t kHexIdBytesMin = 8;
constexpr std::size_t kMixedIdBytesMin = 16;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_alphanumeric(char c) { return is_digit(c) || is_letter(c); }
bool is_route_character(char c) { return c > 0x20 && c < 0x7f && c != '%'; }

template <class Is>
bool all_of(std::string_view text, Is is) {
  return std::all_of(text.begin(), text.end(), is);
}
template <class Is>
bool any_of(std::string_view text, Is is) {
  return std::any_of(text.begin(), text.end(), is);
}

// Takes the next segment that is not empty off `rest`.
bool next_segment(std::string_view& rest, std::string_view& segment) {
  rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
  segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  return !segment.empty();
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

bool is_bare_id(std::string_view text) {
  if (text.empty()) return false;
  if (all_of(text, is_digit)) return true;
  if (!any_of(text, is_digit)) return false;
  if (text.size() >= kHexIdBytesMin && all_of(text, is_hex)) return true;
  return text.size() >= kMixedIdBytesMin && all_of(text, is_alphanumeric);
}

// "ord_17", "cust-9f8e7d6c"
bool is_prefixed_id(std::string_view text) {
  std::size_t split = text.find_first_of("_-");
  if (split == text.npos || split == 0 || split > kPrefixBytesMax) return false;
  return all_of(text.substr(0, split), is_letter) && is_bare_id(text.substr(split + 1));
}

std::string_view template_of(std::string_view segment) {
  if (!all_of(segment, is_route_character)) return "{text}";
  if (is_uuid(segment)) return "{uuid}";
  return is_bare_id(segment) || is_prefixed_id(segment) ? "{id}" : segment;
}

bool is_placeholder(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool is_rest(std::string_view segment) {
  return is_placeholder(segment) && segment.ends_with("...}");
}

bool fits(std::string_view rule, std::string_view path) {
  std::string_view want, have;
  while (next_segment(rule, want)) {
    if (!next_segment(path, have)) return false;
    if (is_rest(want)) return true;
    if (!is_placeholder(want) && want != have) return false;
  }
  return !next_segment(path, have);
}

// What is wrong with a rule; empty when nothing is.
std::string_view fault_of(std::string_view rule) {
  if (!rule.starts_with('/')) return "does not begin with '/'";
  if (rule.size() > kNameBytesMax) return "is longer than 128 bytes";
  if (rule.find("//") != rule.npos) return "has an empty segment";
  if (!all_of(rule, is_route_character)) return "holds a character that no route has";
  std::string_view rest = rule, segment;
  while (next_segment(rest, segment)) {
    if (is_rest(segment) && !rest.empty()) return "goes on behind {...}";
  }
  return {};
}

// The path of a request target: neither host nor query nor parameters.
std::string_view path_of(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#;"));
  std::size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == target.npos) return target;
  std::size_t begin = target.find('/', scheme + 3);
  return begin == target.npos ? std::string_view("/") : target.substr(begin);
}

}  // namespace

Result<RouteTemplates> RouteTemplates::make(const std::vector<std::string>& rules,
                                            std::size_t templates_max) {
  std::string faults;
  for (const std::string& rule : rules) {
    std::string_view fault = fault_of(rule);
    if (fault.empty()) continue;
    faults.append(faults.empty() ? "route rule \"" : "; route rule \"").append(rule).append("\" ");
    faults.append(fault);
  }
  if (!faults.empty()) {
    return Error{ErrorCode::config, faults, "write rules as /users/{name}/files/{rest...}"};
  }
  RouteTemplates templates;
  templates.rules_ = rules;
  templates.templates_max_ = templates_max;
  return templates;
}

std::string_view RouteTemplates::of(std::string_view path) {
  if (path.empty()) return {};
  build(path_of(path));
  Dictionary::Code code = known_.find(template_);
  if (code == Dictionary::kNone) {
    if (known_.size() >= templates_max_) {
      ++overflowed_;
      return kOther;
    }
    code = known_.code_of(template_);
  }
  return known_.text_of(code);
}

void RouteTemplates::build(std::string_view path) {
  template_.clear();
  if (!path.starts_with('/')) {
    template_.assign(path == "*" ? "*" : "{text}");
    return;
  }
  for (const std::string& rule : rules_) {
    if (fits(rule, path)) {
      template_.assign(rule);
      return;
    }
  }
  std::string_view segment;
  while (next_segment(path, segment)) {
    std::string_view part = template_of(segment);
    if (template_.size() + 1 + part.size() + kRest.size() > kNameBytesMax) {
      template_.append(kRest);
      return;
    }
    template_.append("/").append(part);
  }
  if (template_.empty()) template_.assign("/");
}

}  // namespace weir
