// The oracle: what everybody must have been billed, from what truly happened, and what else must hold
// at the end of a seed. The bill is the reference bill of the contract tests: it needs the catalogue,
// the calendar and a list of events, and nothing of billing/.
//
// An event that was accepted must count exactly once. It may count or not (the bill then lies between
// two bills) when an operator accepted its loss, when no collector promised it a number and the stream
// lost it, when the broker lost the word of the collector that took it, which died with it (that it
// keeps what it acknowledged is taken on trust), or which period it counts in when its copies bear
// times in two.
#include "base/digest.h"
#include "tests/contract/billing/reference_bill.h"
#include "tests/simulation/rebuild.h"
#include "tests/simulation/world.h"

#include <algorithm>
#include <fmt/format.h>

namespace weir::simulation {
namespace {

/// (subscription, start of the period, meter) → minor units; all closes together.
using Totals = std::map<std::tuple<std::string, std::int64_t, std::string>, std::int64_t>;

reference::Event counted_as(const TrueEvent& event, std::int64_t time_us) {
  reference::Event counted;
  counted.tenant = event.tenant;
  counted.subscription = event.subscription;
  counted.time_us = time_us;
  counted.status = 200;
  counted.quantities["tokens"] = event.tokens;
  return counted;
}

Totals price(const std::vector<reference::Event>& events, std::int64_t until_us) {
  Totals totals;
  for (const auto& [line, minor] :
       reference::reference_bill(events, catalog_of_the_world(), {until_us})) {
    totals[{std::get<1>(line), std::get<2>(line), std::get<3>(line)}] = minor;
  }
  return totals;
}

std::int64_t hour_of(std::int64_t time_us) { return time_us / kHourUs; }

/// All its times lie in one hour, and so in one period of any plan.
bool one_period(const TrueEvent& event) {
  return std::all_of(event.times_us.begin(), event.times_us.end(), [&](std::int64_t time) {
    return hour_of(time) == hour_of(event.times_us.front());
  });
}

constexpr std::string_view kWindowShortened = "\"restamp_window_shortened\":true";

class Oracle {
 public:
  Oracle(World& world, Outcome& outcome) : world_(world), out_(outcome) {}

  void judge() {
    read_lines();
    read_certificates();
    judge_liveness();
    judge_totals();
    judge_first_invoices();
    judge_chain();
    judge_ledger();
    judge_provider();
    judge_counts();
    judge_rebuild();
  }

 private:
  template <class... Args>
  void violated(fmt::format_string<Args...> what, Args&&... args) {
    if (out_.violations.size() < 20) {
      out_.violations.push_back(fmt::format(what, std::forward<Args>(args)...));
    }
  }

  void read_lines() {
    const auto& billing = world_.database.billing();
    billing.invoice_line.each_committed([&](const auto&, const InvoiceLineRow& row) {
      const PeriodKey& period = row.line.period;
      const auto key = std::make_tuple(period.subscription, period.from_us, row.line.meter);
      billed_[key] += row.line.amount.value;
      const bool first = row.line.kind != InvoiceLine::Kind::late;
      if (first) first_[{row.close_id, key}] = row.line.amount.value;
      if (first) first_close_[{period.subscription, period.from_us}] = row.close_id;
      if (billing.close.committed(row.close_id) == nullptr) {
        violated("invoice line of close {}, which has no certificate", row.close_id);
      }
    });
  }

  void judge_liveness() {
    const std::string why = world_.unsettled_because();
    if (!why.empty()) violated("liveness: at the end, {}", why);
    world_.database.billing().held.each_committed([&](const auto&, const HeldRow& row) {
      if (!row.resolved_at_us && row.period_to_us <= world_.closed_until()) {
        violated("liveness: a period is held that was closed: {}", row.reason);
      }
    });
  }

  enum class Must { count, not_matter };
  Must must(const TrueEvent& event) const {
    if (!event.accepted_us || event.excused_us) return Must::not_matter;
    if (event.foreign && !event.reached()) return Must::not_matter;
    if (unpromised(event)) return Must::not_matter;
    return Must::count;
  }

  /// It is nowhere, and nobody waits for those who took it: the broker lost their word, or an operator
  /// had retired them while they lived, and their disk died before they sent on.
  bool unpromised(const TrueEvent& event) const {
    return !event.numbers.empty() && !event.reached() &&
           std::all_of(event.numbers.begin(), event.numbers.end(), [&](const Numbered& number) {
             return world_.truth.forgotten(number.producer) || retired_before(number);
           });
  }
  bool retired_before(const Numbered& number) const {
    const ProducerRow* row = world_.database.quota().producer.committed(number.producer);
    const std::optional<std::int64_t> given_up_us = world_.truth.given_up_us(number.producer);
    return row != nullptr && row->ended_by && *row->ended_by != "seal" && given_up_us &&
           *given_up_us < number.at_us;
  }

  /// A person said that it never counts, before any mended copy of it did: whoever reads one later
  /// drops it.
  bool refused(const TrueEvent& event) const {
    if (!event.poisoned || !event.excused_us) return false;
    bool decided_otherwise = false;
    world_.database.quota().redrive.each_committed([&](std::int64_t, const RedriveRow& child) {
      const bool of_it = child.event.find('"' + event.id + '"') != std::string::npos;
      decided_otherwise = decided_otherwise || (of_it && child.state != "discarded");
    });
    return !decided_otherwise;
  }

  /// R6: uniqueness is not claimed for copies with another time while the index does not hold what
  /// came within the re-stamp window; then some certificate must have printed that window shortened.
  bool restamped_beyond_claim(const TrueEvent& event) const {
    return event.times_us.size() > 1 && window_shortened_;
  }

  void judge_totals() {
    const std::int64_t until = world_.closed_until();
    std::vector<reference::Event> least, most;
    for (const TrueEvent& event : world_.truth.events()) {
      const bool certain = must(event) == Must::count;
      if (certain && restamped_beyond_claim(event)) {
        out_.exact = false;
        if (one_period(event)) least.push_back(counted_as(event, event.times_us.front()));
        for (const std::int64_t time : event.times_us) most.push_back(counted_as(event, time));
        continue;
      }
      if (certain && one_period(event)) {
        least.push_back(counted_as(event, event.times_us.front()));
        most.push_back(least.back());
        continue;
      }
      if (refused(event)) continue;
      out_.exact = false;
      const bool beyond = restamped_beyond_claim(event);
      std::set<std::int64_t> hours;
      for (const std::int64_t time : event.times_us) {
        if (hours.insert(hour_of(time)).second || beyond) most.push_back(counted_as(event, time));
      }
    }
    const Totals low = price(least, until), high = price(most, until);
    for (const auto& [key, minor] : high) compare(key, low, minor);
    for (const auto& [key, minor] : billed_) {
      if (!high.contains(key) && minor != 0) compare(key, low, 0);
    }
  }

  void compare(const Totals::key_type& key, const Totals& low, std::int64_t most) {
    const auto least = low.find(key);
    const std::int64_t at_least = least == low.end() ? 0 : least->second;
    const auto found = billed_.find(key);
    const std::int64_t billed = found == billed_.end() ? 0 : found->second;
    if (billed >= at_least && billed <= most) return;
    violated("{} {} {}: billed {}, the reference bill says {}{}", std::get<0>(key),
             format_rfc3339(std::get<1>(key)), std::get<2>(key), billed, at_least,
             at_least == most ? std::string() : fmt::format(" to {}", most));
    if (world_.engine.tracing()) explain(key);
  }

  void explain(const Totals::key_type& key) {
    for (const TrueEvent& event : world_.truth.events()) {
      if (event.subscription != std::get<0>(key)) continue;  // its periods may be days
      std::string text =
          fmt::format("  {} {} {} tokens{}{}{}{}", event.id, format_rfc3339(event.times_us.front()),
                      event.tokens, event.accepted_us ? "" : " not accepted",
                      event.excused_us ? " excused" : "", event.foreign ? " foreign" : "",
                      event.unprovable ? " unprovable" : "");
      for (const Copy& copy : event.copies) {
        text += fmt::format(" p{}@{}.{}{}{}", copy.partition, copy.life, copy.offset,
                            copy.gone ? " gone" : "", copy.applied ? " applied" : "");
      }
      for (const Numbered& number : event.numbers) {
        text += fmt::format(" {}#{}.{}.{}", number.producer, number.epoch, number.partition,
                            number.number);
      }
      world_.engine.trace(text);
    }
  }

  /// What each period's first invoice had to know: all that was accepted in time.
  void judge_first_invoices() {
    for (const SeenClose& close : world_.closes()) judge_first_invoices(close);
  }

  /// R14: what a producer took whom an operator retired, wrongly or not, no close waits for, until
  /// it raises a flag; then it is late, and must be in the totals all the same.
  static bool promised_by(const TrueEvent& event, const SeenClose& close, std::int64_t before_us) {
    return std::any_of(event.numbers.begin(), event.numbers.end(), [&](const Numbered& number) {
      return number.at_us < before_us && !close.retired.contains(number.producer);
    });
  }

  bool in_time(const TrueEvent& event, const SeenClose& close) const {
    if (!event.accepted_us || event.unprovable || unpromised(event)) return false;
    if (event.excused_us && *event.excused_us <= close.seen_us) return false;
    // A rival promises less: only what was accepted before T itself is held against it.
    const std::int64_t grace = world_.hooks.before_billing ? 0 : 10 * kMinuteUs;
    const std::int64_t promised = close.t_us + grace - world_.clock_lead_us;
    if (!event.foreign) return *event.accepted_us < promised && promised_by(event, close, promised);
    // A foreign producer's: in the stream, where it could be read, and nowhere lost.
    return *event.accepted_us < promised && must(event) == Must::count &&
           std::none_of(event.copies.begin(), event.copies.end(),
                        [](const Copy& copy) { return copy.gone; });
  }

  void judge_first_invoices(const SeenClose& close) {
    std::vector<reference::Event> known;
    for (const TrueEvent& event : world_.truth.events()) {
      if (in_time(event, close) && one_period(event)) {
        known.push_back(counted_as(event, event.times_us.front()));
      }
    }
    const Totals low = price(known, close.t_us);
    for (const auto& [key, minor] : low) {
      const auto first = first_close_.find({std::get<0>(key), std::get<1>(key)});
      if (first == first_close_.end() || first->second != close.id) continue;
      const auto line = first_.find({close.id, key});
      const std::int64_t charged = line == first_.end() ? 0 : line->second;
      if (charged >= minor) continue;
      ++out_.wrong_charges;
      violated("close {} of {}: first invoice of {} {} {}: {}, though {} was accepted in time",
               close.id, format_rfc3339(close.t_us), std::get<0>(key),
               format_rfc3339(std::get<1>(key)), std::get<2>(key), charged, minor);
    }
  }

  void judge_chain() {
    std::string before;
    std::int64_t t_before = 0;
    world_.database.billing().close.each_committed([&](std::int64_t id, const CloseRow& row) {
      if (row.predecessor != before) violated("close {} does not follow its predecessor", id);
      if (row.t_us <= t_before) violated("close {} goes back in time", id);
      if (sha256_hex(row.certificate) != row.digest) violated("close {}: digest differs", id);
      before = row.digest;
      t_before = row.t_us;
    });
    if (t_before != world_.closed_until()) violated("frozen elsewhere than closed");
  }

  void read_certificates() {
    world_.database.billing().close.each_committed([&](std::int64_t, const CloseRow& row) {
      window_shortened_ =
          window_shortened_ || row.certificate.find(kWindowShortened) != std::string::npos;
    });
  }

  void judge_ledger() {
    const auto& billing = world_.database.billing();
    std::int64_t invoiced = 0, owed = 0, paid = 0, charged = 0;
    billing.invoice.each_committed(
        [&](const auto&, const InvoiceRow& row) { invoiced += row.total_minor; });
    billing.charge.each_committed([&](const auto&, const ChargeRow& row) {
      if (row.state == ChargeState::succeeded) charged += row.amount_minor;
    });
    billing.ledger_entry.each_committed([&](const auto& key, const LedgerEntryRow& row) {
      (key.first == "invoice" ? owed : paid) += row.amount_minor;
    });
    if (owed != invoiced) violated("ledger: invoices of {}, entries of {}", invoiced, owed);
    if (paid != charged) violated("ledger: charges of {}, payments of {}", charged, paid);
    std::int64_t lines = 0;
    for (const auto& [key, minor] : billed_) lines += minor;
    if (lines != invoiced) violated("lines come to {}, invoices to {}", lines, invoiced);
  }

  void judge_provider() {
    std::int64_t charges = 0, minor = 0;
    world_.database.billing().charge.each_committed([&](const auto&, const ChargeRow& row) {
      ++charges;
      minor += row.amount_minor;
      const auto* invoice = world_.database.billing().invoice.committed(row.invoice_id);
      if (invoice == nullptr || invoice->total_minor != row.amount_minor) {
        violated("charge of {} differs from its invoice", row.invoice_id);
      }
    });
    if (world_.provider.taken() != charges || world_.provider.taken_minor() != minor) {
      violated("the provider took {} charges of {} together, invoices say {} of {}",
               world_.provider.taken(), world_.provider.taken_minor(), charges, minor);
    }
    out_.charged_minor = world_.provider.taken_minor();
    out_.charged_after_fault_minor = out_.charged_minor - world_.charged_minor_before_fault;
  }

  void judge_counts() {
    world_.database.quota().progress.each_committed([&](const auto& key, const ProgressRow& row) {
      const RangeCounts& c = row.counts;
      if (c.received == c.applied + c.duplicate + c.quarantined + c.unprovable + c.dropped) {
        return;
      }
      violated("partition {}: received {}, and what became of them adds up to something else",
               key.second, c.received);
    });
  }

  void judge_rebuild() {
    if (!world_.plan.has(Fault::ledger_lost) || !can_rebuild(world_)) return;
    ++out_.struck[static_cast<std::size_t>(Fault::ledger_lost)];
    for (const std::string& difference : rebuild_and_compare(world_)) {
      violated("{}", difference);
    }
  }

  World& world_;
  Outcome& out_;
  Totals billed_;
  bool window_shortened_ = false;
  std::map<std::pair<std::int64_t, Totals::key_type>, std::int64_t> first_;
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> first_close_;
};

}  // namespace

Outcome World::judge() {
  note_commits();
  Outcome outcome;
  outcome.closes = static_cast<std::int64_t>(closes_.size());
  for (std::size_t i = 0; i < kFaults; ++i) {
    outcome.drawn[i] = plan.has(static_cast<Fault>(i)) ? 1 : 0;
    outcome.struck[i] = struck[i];
  }
  for (const TrueEvent& event : truth.events()) outcome.events += event.accepted_us ? 1 : 0;
  database.billing().invoice.each_committed(
      [&](const auto&, const InvoiceRow&) { ++outcome.invoices; });
  outcome.steps = engine.steps();
  outcome.virtual_us = engine.true_us() - kBegin;
  Oracle(*this, outcome).judge();
  return outcome;
}

Outcome run_seed(std::uint64_t seed, const WorldHooks& hooks, bool trace) {
  World world(seed, hooks, trace);
  world.run();
  Outcome outcome = world.judge();
  outcome.seed = seed;
  return outcome;
}

}  // namespace weir::simulation
