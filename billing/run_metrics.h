// What a billing run leaves for Prometheus: a file in its text format, for node_exporter's textfile
// collector, since a run ends before anybody could ask it. Written at the end of each run, however it ends.
//
//   weir_billing_last_run_seconds          when (Unix time); one that grows old: nothing runs it any more
//   weir_billing_last_exit_code            0 done, 75 held, 69 a server is away, …
// and, of a run that came as far as the gate:
//   weir_billing_closed_until_seconds      everything before is closed (Unix time); 0: nothing is yet
//   weir_billing_held_periods              due, not closed, not charged
//   weir_billing_oldest_hold_seconds       how long the oldest of them waits; 0: none does
//   weir_billing_hold{reason="unsealed"}   how many reasons of that code keep it from closing
//   weir_billing_charges{state="…"}        succeeded and declined by this run; unknown and held that are open
#pragma once

#include "billing/cycle.h"

#include <cstdint>
#include <optional>
#include <string>

namespace weir {

std::string run_metrics(const std::optional<CycleReport>& report, std::int64_t now_us,
                        ExitCode code);

/// Replaces the file at once: a reader sees the last run's or this one's. "" is nowhere. A file that cannot
/// be written is logged, and changes nothing about the run.
void leave_metrics(const std::string& path, const std::string& text);

}  // namespace weir
