#include "billing/charging.h"

#include "base/crash_point.h"

#include <array>
#include <utility>

namespace weir {
namespace {

constexpr std::array<std::pair<ChargeState, const char*>, 6> kNames{
    {{ChargeState::planned, "planned"},
     {ChargeState::sent, "sent"},
     {ChargeState::succeeded, "succeeded"},
     {ChargeState::declined, "declined"},
     {ChargeState::unknown, "unknown"},
     {ChargeState::held, "held"}}};

/// One charge on its way: store and provider, the tally, and what it takes to write to each.
class Settling {
 public:
  Settling(ChargeStore& store, Provider& provider, Breaker& breaker, Micros call_timeout)
      : store_(store), provider_(provider), breaker_(breaker), call_timeout_(call_timeout) {}

  Status settle(OpenCharge charge) {
    // Before `sent` is committed: what was not sent must not look as if it might have been.
    if (!breaker_.admits()) return leave(charge);
    if (charge.state == ChargeState::planned) return send(std::move(charge));
    const auto found = provider_.find(charge.order.key, soon());
    note(found.ok() || found.error().code == ErrorCode::invalid);
    if (!found) return lost(charge, found.error());
    if (*found) return conclude(charge, **found);
    return send(std::move(charge));  // the provider has none: it never arrived
  }

  ChargeTally tally;

 private:
  Status send(OpenCharge charge) {
    WEIR_CRASH_POINT("charge.after_planned");
    const auto moved = store_.move(charge.order.key, charge.state, ChargeState::sent, "", soon());
    if (!moved) return moved.error();
    if (!*moved) {  // somebody else has it
      breaker_.not_called();
      return {};
    }
    charge.state = ChargeState::sent;
    WEIR_CRASH_POINT("charge.after_sent");
    const auto receipt = provider_.charge(charge.order, soon());
    note(receipt.ok() || receipt.error().code == ErrorCode::invalid);
    WEIR_CRASH_POINT("charge.after_reply");
    if (receipt) return conclude(charge, *receipt);
    if (receipt.error().code != ErrorCode::invalid) return lost(charge, receipt.error());
    return finish(charge, ChargeState::held, receipt.error().what, tally.held);
  }

  /// The provider's word stands; another amount than was asked for is for people to look at.
  Status conclude(const OpenCharge& charge, const ChargeReceipt& receipt) {
    if (receipt.outcome == ChargeReceipt::Outcome::declined) {
      return finish(charge, ChargeState::declined, receipt.reason, tally.declined);
    }
    if (receipt.amount != charge.order.amount) {
      return finish(charge, ChargeState::held,
                    "provider took " + format_money(receipt.amount) + " as " + receipt.reference +
                        ", asked were " + format_money(charge.order.amount),
                    tally.held);
    }
    const auto settled = store_.settle(charge, receipt.reference, soon());
    if (!settled) return settled.error();
    if (*settled) ++tally.succeeded;
    return {};
  }

  Status lost(const OpenCharge& charge, const Error& error) {
    if (charge.state == ChargeState::unknown) {
      ++tally.unknown;
      tally.problems.push_back(charge.order.invoice + ": unknown: " + error.what);
      return {};
    }
    return finish(charge, ChargeState::unknown, error.what, tally.unknown);
  }

  Status finish(const OpenCharge& charge, ChargeState to, const std::string& detail,
                std::int64_t& count) {
    const auto moved = store_.move(charge.order.key, charge.state, to, detail, soon());
    if (!moved) return moved.error();
    if (!*moved) return {};
    ++count;
    tally.problems.push_back(charge.order.invoice + ": " + name_of(to) + ": " + detail);
    return {};
  }

  Status leave(const OpenCharge& charge) {
    ++(charge.state == ChargeState::planned ? tally.waiting : tally.unknown);
    return {};
  }

  void note(bool there) { there ? breaker_.succeeded() : breaker_.failed(); }

  Deadline soon() const { return Deadline::in(call_timeout_); }

  ChargeStore& store_;
  Provider& provider_;
  Breaker& breaker_;
  Micros call_timeout_;
};

}  // namespace

const char* name_of(ChargeState state) {
  for (const auto& [known, name] : kNames) {
    if (known == state) return name;
  }
  return "?";
}

Result<ChargeState> parse_charge_state(std::string_view name) {
  for (const auto& [state, known] : kNames) {
    if (known == name) return state;
  }
  return Error{ErrorCode::integrity, "no state of a charge is called " + std::string(name), ""};
}

Result<ChargeTally> settle_charges(ChargeStore& store, Provider& provider, Breaker& breaker,
                                   Micros call_timeout) {
  const auto open = store.open_charges(Deadline::in(call_timeout));
  if (!open) return open.error();
  Settling settling(store, provider, breaker, call_timeout);
  for (const OpenCharge& charge : *open) {
    WEIR_TRY(settling.settle(charge));
    WEIR_CRASH_POINT("charge.after_result");
  }
  return std::move(settling.tally);
}

}  // namespace weir
