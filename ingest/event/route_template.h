// Paths → route templates: "/v1/orders/17?x=1" → "/v1/orders/{id}".
//
// What analytics groups by must have few values, and a path has as many as there are orders. The query
// is cut off; the operator's rules are asked first, in their order; where none fits, each segment that
// looks like an identifier becomes a placeholder:
//
//   {uuid}   8-4-4-4-12 hexadecimal digits
//   {id}     digits; eight or more hexadecimal digits with a digit among them; sixteen or more
//            characters with letters and digits mixed; "prefix_"/"prefix-" before one of these
//   {text}   characters that no route has: %-escapes, control characters, what is not ASCII
//
// Empty segments fall away ("//a/" is "/a"), so does the host of an absolute target. A template longer
// than kNameBytesMax ends in "/{rest}". Beyond `templates_max` distinct templates every new one is
// `__other__` and counted: an attacker who invents paths cannot fill the memory of all that follows.
//
// A rule is a pattern: "/users/{name}/files/{rest...}". A segment in braces fits any one segment, one
// that ends in "..." all that follow (at least one). The template is the rule's own text.
//
// Nothing allocates once warm. Threads: one at a time.
#pragma once

#include "base/result.h"
#include "ingest/event/columns.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class RouteTemplates {
 public:
  static constexpr std::string_view kOther = "__other__";
  static constexpr std::size_t kTemplatesMaxDefault = 2000;

  /// Error `config` for a pattern that does not begin with '/', is too long, has an empty segment or
  /// goes on behind "{…...}"; all faults in one text.
  static Result<RouteTemplates> make(const std::vector<std::string>& rules,
                                     std::size_t templates_max = kTemplatesMaxDefault);

  /// Valid until the next call. "" for an empty path.
  std::string_view of(std::string_view path);

  /// Paths that got `__other__` since construction.
  std::uint64_t overflowed() const { return overflowed_; }
  /// Distinct templates known.
  std::size_t size() const { return known_.size(); }

 private:
  RouteTemplates() = default;
  void build(std::string_view path);

  std::vector<std::string> rules_;
  std::size_t templates_max_ = kTemplatesMaxDefault;
  Dictionary known_;
  std::string template_;  // of the path being looked at
  std::uint64_t overflowed_ = 0;
};

}  // namespace weir
