// Charging once (R18).
//
//   planned → sent → succeeded | declined | unknown        sent, unknown → (asked by key) → a result,
//                                                           or sent again when the provider has none
//   … → held: the provider took another amount than was asked
//
// `sent` is committed before the provider is called, so that whatever dies, a charge that may have
// been taken is never taken for one that was not. A charge found in `sent` or `unknown` is asked for by
// its key before anything else. The result and its ledger entry are one transaction.
//
// A provider that is away would cost each charge a time-out. Behind the breaker the first ones become
// `unknown`; then nothing is sent and nothing asked: what is planned stays planned for the next run.
#pragma once

#include "base/breaker.h"
#include "base/result.h"
#include "base/time.h"
#include "billing/providers/provider.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

enum class ChargeState { planned, sent, succeeded, declined, unknown, held };
const char* name_of(ChargeState state);
Result<ChargeState> parse_charge_state(std::string_view name);

struct OpenCharge {
  ChargeOrder order;
  ChargeState state = ChargeState::planned;
};

class ChargeStore {
 public:
  virtual ~ChargeStore() = default;
  /// planned, sent and unknown ones, in the order of their invoices.
  virtual Result<std::vector<OpenCharge>> open_charges(Deadline deadline) = 0;
  /// From one state to another that is no success, committed; false when it was not in `from`.
  virtual Result<bool> move(const std::string& key, ChargeState from, ChargeState to,
                            const std::string& detail, Deadline deadline) = 0;
  /// To `succeeded`, with the ledger's payment entry, committed as one; false as above.
  virtual Result<bool> settle(const OpenCharge& charge, const std::string& reference,
                              Deadline deadline) = 0;
};

struct ChargeTally {
  std::int64_t succeeded = 0;
  std::int64_t declined = 0;
  std::int64_t unknown = 0;  // the provider could not be asked; the next run asks
  std::int64_t held = 0;     // the provider took another amount
  std::int64_t waiting = 0;  // planned still: the provider is away, the next run sends them
  std::vector<std::string> problems;  // one line each, for people
};

/// Brings every open charge as far as it gets. Errors: the store's. The provider's make `unknown`.
Result<ChargeTally> settle_charges(ChargeStore& store, Provider& provider, Breaker& breaker,
                                   Micros call_timeout);

}  // namespace weir
