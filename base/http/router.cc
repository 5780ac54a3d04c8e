#include "base/http/router.h"

#include <set>

namespace weir {
namespace {

std::vector<std::string> segments_of(std::string_view path, bool decode) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    segments.push_back(decode ? percent_decode(segment, false) : std::string(segment));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_name(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool fits(const Route& route, const std::vector<std::string>& path,
          std::map<std::string, std::string>& params) {
  if (route.segments.size() != path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::string& segment = route.segments[i];
    if (!is_name(segment)) {
      if (segment != path[i]) return false;
    } else if (path[i].empty()) {
      return false;
    } else {
      params[segment.substr(1, segment.size() - 2)] = path[i];
    }
  }
  return true;
}

std::string joined(const std::set<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

Route& Router::add(std::string method, std::string pattern, Access access,
                   HttpServer::Handler handler) {
  WEIR_CHECK(pattern.starts_with('/'));
  auto route = std::make_unique<Route>();
  route->method = std::move(method);
  route->segments = segments_of(pattern, false);
  route->pattern = std::move(pattern);
  route->access = access;
  route->handler = std::move(handler);
  routes_.push_back(std::move(route));
  return *routes_.back();
}

Router::Match Router::find(std::string_view method, std::string_view raw_path) const {
  const std::vector<std::string> path = segments_of(raw_path, true);
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  Match best;
  std::set<std::string> allowed;
  for (const auto& route : routes_) {
    std::map<std::string, std::string> params;
    if (!fits(*route, path, params)) continue;
    allowed.insert(route->method);
    if (route->method == "GET") allowed.insert("HEAD");
    if (route->method != wanted) continue;
    if (best.route == nullptr || params.size() < best.params.size()) {
      best.route = route.get();
      best.params = std::move(params);
    }
  }
  best.allow = joined(allowed);
  return best;
}

}  // namespace weir
