// insist(): the same thing again and again while the stream is away, with backoff.
//
// Tries again after `unavailable`, `full` and (unless told otherwise) `in_doubt`; gives back any other
// error at once, and the last one when told to stop, when the tries are spent or the time is up. What
// goes wrong is logged when it changes. Threads: the caller's, which sleeps.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <functional>
#include <optional>
#include <stop_token>

namespace weir {

struct Insistence {
  int tries_max = 0;                     // 0: any number
  bool repeatable = true;                // doing it twice is doing it once: also after `in_doubt`
  std::optional<Deadline> at_most = {};  // no try begins behind it
};
Status insist(const std::stop_token& stop, const Insistence& how,
              const std::function<Status()>& action);

}  // namespace weir
