#include "ingest/collector/tail_health.h"

#include "base/log.h"

#include <fmt/format.h>
#include <utility>

namespace weir {
namespace {

/// "" when nothing is lost.
std::string loss_of(const TailState& state) {
  const Result<bool> lost = state.lost();
  if (!lost) return "it cannot be told whether lines are lost: " + lost.error().text();
  if (!*lost) return "";
  const Result<std::vector<std::string>> losses = state.losses();
  return fmt::format(
      "nothing is sealed, since lines are lost to this tail: {} (load them by hand "
      "or give them up, then remove {})",
      losses ? fmt::format("{}", fmt::join(*losses, "; ")) : losses.error().text(),
      state.lost_path());
}

}  // namespace

TailHealth::TailHealth(TailState state, Metrics& metrics)
    : state_(std::move(state)),
      whole_gauge_(metrics.gauge("weir_ingest_tail_whole",
                                 "1: no line is lost to the tail; 0: it seals nothing")) {
  whole_gauge_.set(1);
}

bool TailHealth::whole() {
  const std::string loss = loss_of(state_);
  whole_gauge_.set(loss.empty() ? 1 : 0);
  if (std::exchange(said_, loss) != loss) {
    if (loss.empty()) log_info("no line is lost to this tail any more; it seals again");
    if (!loss.empty()) log_error(loss);
  }
  return loss.empty();
}

void TailHealth::after_step(const Status& step) {
  const std::lock_guard held(mutex_);
  trouble_ = step ? std::string() : step.error().text();
}

std::vector<std::string> TailHealth::why_not() const {
  std::vector<std::string> reasons;
  if (std::string loss = loss_of(state_); !loss.empty()) reasons.push_back(std::move(loss));
  const std::lock_guard held(mutex_);
  if (!trouble_.empty()) reasons.push_back("nothing is read at present: " + trouble_);
  return reasons;
}

}  // namespace weir
