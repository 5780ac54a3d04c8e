#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace weir {

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return "invalid";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::in_doubt:
      return "in_doubt";
    case ErrorCode::full:
      return "full";
    case ErrorCode::denied:
      return "denied";
    case ErrorCode::integrity:
      return "integrity";
    case ErrorCode::config:
      return "config";
  }
  return "unknown";
}

std::string Error::text() const { return remedy.empty() ? what : what + " (" + remedy + ")"; }

Error Error::within(std::string_view where) const {
  return Error{code, std::string(where) + ": " + what, remedy};
}

void check_failed(const char* condition, const char* file, int line) {
  // No allocation and no log here: the process may be out of memory or inside the log.
  std::fprintf(stderr, "broken invariant: %s, at %s:%d\n", condition, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace weir
