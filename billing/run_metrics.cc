#include "billing/run_metrics.h"

#include "base/log.h"
#include "base/metrics.h"
#include "base/volume/durable_file.h"

#include <algorithm>
#include <map>

namespace weir {
namespace {

void add_report(Metrics& metrics, const CycleReport& report, std::int64_t now_us) {
  metrics.gauge("weir_billing_closed_until_seconds", "Everything before is closed")
      .set(std::max<std::int64_t>(0, report.closed_until_us) / kMicrosPerSecond);
  metrics.gauge("weir_billing_held_periods", "Due, not closed, not charged")
      .set(static_cast<std::int64_t>(report.held.size()));
  std::int64_t oldest_us = now_us;
  for (const HeldPeriod& held : report.held) oldest_us = std::min(oldest_us, held.first_seen_us);
  metrics.gauge("weir_billing_oldest_hold_seconds", "How long the oldest held period waits")
      .set((now_us - oldest_us) / kMicrosPerSecond);
  std::map<std::string, std::int64_t> reasons;
  for (const Reason& reason : report.reasons) ++reasons[reason.code];
  for (const auto& [code, count] : reasons) {
    metrics.gauge("weir_billing_hold", "Reasons that keep it from closing", {{"reason", code}})
        .set(count);
  }
  const ChargeTally& charges = report.charges;
  for (const auto& [state, count] :
       {std::pair{"succeeded", charges.succeeded}, std::pair{"declined", charges.declined},
        std::pair{"unknown", charges.unknown}, std::pair{"held", charges.held},
        std::pair{"waiting", charges.waiting}}) {
    metrics.gauge("weir_billing_charges", "Charges of this run", {{"state", state}}).set(count);
  }
}

}  // namespace

std::string run_metrics(const std::optional<CycleReport>& report, std::int64_t now_us,
                        ExitCode code) {
  Metrics metrics;
  metrics.gauge("weir_billing_last_run_seconds", "When a billing run last ended")
      .set(now_us / kMicrosPerSecond);
  metrics.gauge("weir_billing_last_exit_code", "How it ended").set(static_cast<int>(code));
  if (report) add_report(metrics, *report, now_us);
  return metrics.render();
}

void leave_metrics(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  const Status written = write_file_durably(path, text);
  if (!written) log_error("billing.metrics_file", {{"error", written.error().text()}});
}

}  // namespace weir
