// Which route a request goes to. Pure; no third-party types.
//
// A pattern is a path whose segments are plain text or {names}: "/v1/subscriptions/{id}/usage". A
// {name} takes exactly one segment that is not empty, decoded after the split, so that an id may
// hold an encoded slash. Of several patterns that fit, the one with the fewest {names} wins. HEAD
// goes where GET goes.
#pragma once

#include "base/http/server.h"

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct Route {
  std::string method;
  std::string pattern;
  std::vector<std::string> segments;
  Access access = Access::open;
  HttpServer::Handler handler;
  /// Answered by the I/O thread itself: must never wait.
  bool at_once = false;

  // Caches of the metrics' handles; by status less 100.
  DurationHistogram* duration = nullptr;
  std::array<std::atomic<Counter*>, 500> requests{};
};

class Router {
 public:
  struct Match {
    Route* route = nullptr;  // none: see `allow`
    std::map<std::string, std::string> params;
    std::string allow;  // methods that the path does have; empty: no such path
  };

  Route& add(std::string method, std::string pattern, Access access, HttpServer::Handler handler);
  /// `raw_path` as it came, not decoded, without the query.
  Match find(std::string_view method, std::string_view raw_path) const;

 private:
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace weir
