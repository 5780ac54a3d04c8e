#include "ingest/collector/insist.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/process.h"

#include <algorithm>

namespace weir {
namespace {

bool may_pass(ErrorCode code, bool repeatable) {
  return code == ErrorCode::unavailable || code == ErrorCode::full ||
         (code == ErrorCode::in_doubt && repeatable);
}

}  // namespace

Status insist(const std::stop_token& stop, const Insistence& how,
              const std::function<Status()>& action) {
  Backoff backoff(1, std::chrono::milliseconds(50), std::chrono::seconds(2));
  std::string told;
  for (int attempt = 1;; ++attempt) {
    Status done = action();
    if (done || !may_pass(done.error().code, how.repeatable)) return done;
    if (attempt == how.tries_max || (how.at_most && how.at_most->passed())) return done;
    if (stop.stop_requested()) return done;
    if (const std::string text = done.error().text(); text != told) {
      log_warn("waiting for the stream", {{"error", text}});
      told = text;
    }
    Micros pause = backoff.next();
    if (how.at_most) pause = std::min(pause, how.at_most->left());
    if (sleep_until_stop(stop, pause)) return done;
  }
}

}  // namespace weir
