#include "billing/cycle.h"

#include "base/crash_point.h"
#include "billing/trust.h"

#include <algorithm>

namespace weir {
namespace {

/// Invoices for every close that has none: of this run, or of one that died in between.
Status bill(CycleParts& parts, CycleReport& report) {
  const auto closes = parts.bills.unbilled_closes(Deadline::in(parts.call_timeout));
  if (!closes) return closes.error();
  for (const CloseHead& close : *closes) {
    const auto billed = bill_close(parts.bills, close, Deadline::in(parts.call_timeout));
    if (!billed) return billed.error();
    report.invoices += billed->invoices;
    report.holds_resolved += billed->holds_resolved;
  }
  return {};
}

Status charge(CycleParts& parts, Breaker& breaker, CycleReport& report) {
  auto tally = settle_charges(parts.charges, parts.provider, breaker, parts.call_timeout);
  if (!tally) return tally.error();
  report.charges.succeeded += tally->succeeded;
  report.charges.declined += tally->declined;
  report.charges.held += tally->held;
  report.charges.unknown = tally->unknown;  // those that are open now
  report.charges.waiting = tally->waiting;
  auto& problems = report.charges.problems;
  problems.insert(problems.end(), tally->problems.begin(), tally->problems.end());
  return {};
}

/// Once a run, not once a charge: there may be a hundred thousand.
void tell_of_waiting(const Breaker& breaker, CycleReport& report) {
  if (report.charges.waiting == 0) return;
  report.charges.problems.push_back(std::to_string(report.charges.waiting) +
                                    " charges wait for the next run: the provider was away " +
                                    std::to_string(breaker.failures()) + " times in a row");
}

/// Closes at T; what keeps it from that becomes the report's reasons.
Status close(CycleParts& parts, std::int64_t t_us, CycleReport& report) {
  auto outcome = close_at(parts.closes, parts.eye, t_us, parts.close_options);
  if (!outcome) return outcome.error();
  switch (outcome->kind) {
    case CloseOutcome::Kind::closed:
      report.closed.push_back(outcome->head);
      break;
    case CloseOutcome::Kind::stands_already:
      report.standing = outcome->head;
      break;
    case CloseOutcome::Kind::not_ready:
      report.reasons = std::move(outcome->reasons);
      break;
  }
  return {};
}

/// A barrier of an earlier attempt that is passed by now: a slow consumer is closed behind, step by
/// step, instead of never.
Status close_what_earlier_barriers_prove(CycleParts& parts, const Standing& standing,
                                         CycleReport& report) {
  const auto earlier = greatest_passed(standing);
  if (!earlier || *earlier >= report.t_us || !judge(standing, *earlier).ready()) return {};
  WEIR_TRY(close(parts, *earlier, report));
  report.reasons.clear();  // the newer T is judged on its own
  return {};
}

/// The greatest T before the latest edge that an override reaches and where nobody's word is missing.
std::optional<std::int64_t> overridden_edge(const Standing& standing, std::int64_t closed_until_us,
                                            std::int64_t latest_us) {
  std::optional<std::int64_t> found;
  for (const Override& made : standing.overrides) {
    const std::int64_t edge = made.until_us - made.until_us % standing.deployment.bucket_us;
    if (edge <= std::max(closed_until_us, found.value_or(0)) || edge >= latest_us) continue;
    if (judge_trust(standing, edge).reasons.empty()) found = edge;
  }
  return found;
}

/// An override is for one T, which may have no barrier yet: it is proven and closed like any other.
Status close_what_overrides_allow(CycleParts& parts, const Standing& standing,
                                  CycleReport& report) {
  const std::int64_t closed =
      report.closed.empty() ? standing.deployment.closed_until_us : report.closed.back().t_us;
  const auto edge = overridden_edge(standing, closed, report.t_us);
  if (!edge) return {};
  const auto readiness = parts.gate.prove(*edge);
  if (!readiness) return readiness.error();
  if (!readiness->ready()) return {};
  WEIR_TRY(close(parts, *edge, report));
  report.reasons.clear();  // the newer T is judged on its own
  return {};
}

Status close_at_latest_edge(CycleParts& parts, CycleReport& report) {
  const auto readiness = parts.gate.prove(report.t_us);
  if (!readiness) return readiness.error();
  if (readiness->ready()) return close(parts, report.t_us, report);
  report.reasons = readiness->reasons;
  return {};
}

/// Not ready: every period that is due and not closed is held, with the reason; none is charged.
Status hold(CycleParts& parts, const Standing& standing, CycleReport& report) {
  const Deadline deadline = Deadline::in(parts.call_timeout);
  std::vector<HeldPeriod> due;
  if (!report.reasons.empty() && standing.catalog) {
    const auto catalog = read_catalog_json(standing.catalog->canonical);
    if (!catalog) return catalog.error().within("stored catalogue");
    const auto invoiced = parts.held.invoiced_spans(deadline);
    if (!invoiced) return invoiced.error();
    auto held = hold_due(*catalog, *invoiced, {report.t_us, report.reasons});
    if (!held) return held.error();
    due = *std::move(held);
  }
  WEIR_TRY(parts.held.refresh(due, deadline));
  auto open = parts.held.open(deadline);
  if (!open) return open.error();
  report.held = *std::move(open);
  return {};
}

}  // namespace

ExitCode CycleReport::exit() const {
  const bool broker_away = std::any_of(reasons.begin(), reasons.end(), [](const Reason& reason) {
    return reason.code == "broker_unreachable" || reason.code == "barrier_not_written";
  });
  if (broker_away || charges.unknown > 0 || charges.waiting > 0) return ExitCode::unreachable;
  return reasons.empty() && charges.held == 0 ? ExitCode::done : ExitCode::held;
}

Result<CycleReport> run_cycle(CycleParts& parts) {
  CycleReport report;
  Breaker breaker(parts.breaker, system_clock());

  // What a run that died left behind: closes without invoices, charges without a result.
  WEIR_TRY(bill(parts, report));
  WEIR_TRY(charge(parts, breaker, report));

  // The gate, and behind it the close; or the reasons why not.
  const auto standing = parts.gate.stand();
  if (!standing) return standing.error();
  report.t_us = latest_edge(standing->now_us, standing->deployment);
  report.closed_until_us = standing->deployment.closed_until_us;
  if (report.t_us > standing->deployment.closed_until_us) {
    WEIR_TRY(close_what_earlier_barriers_prove(parts, *standing, report));
    WEIR_TRY(close_what_overrides_allow(parts, *standing, report));
    WEIR_TRY(close_at_latest_edge(parts, report));
  } else {
    report.standing = standing->last_close;
  }

  for (const CloseHead& close : report.closed) report.closed_until_us = close.t_us;

  // Snapshot → invoice → charge; whatever is not closed is held.
  WEIR_TRY(bill(parts, report));
  WEIR_TRY(charge(parts, breaker, report));
  tell_of_waiting(breaker, report);
  WEIR_TRY(hold(parts, *standing, report));
  WEIR_CRASH_POINT("report.before");
  return report;
}

}  // namespace weir
