// Provider: who moves the money. The edge of the system; everything behind it is somebody else's.
//
// A charge bears a key that names what is charged (R18). Every implementation is idempotent by it:
// the same key again gives the first receipt again, whatever else the order says, and moves
// nothing. The receipt echoes the amount that was taken, so that a difference is seen.
//
// Errors of charge(): `unavailable` and `in_doubt` alike mean that it is not known whether the
// money moved: ask find() before anything else. `invalid`: refused for its form, nothing moved.
// find() says nullopt only when the provider knows no such charge. Threads: one at a time.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "billing/money.h"

#include <optional>
#include <string>

namespace weir {

struct ChargeOrder {
  std::string key;
  std::string tenant;
  std::string customer;
  std::string invoice;
  Money amount;
};

struct ChargeReceipt {
  enum class Outcome { succeeded, declined };
  Outcome outcome = Outcome::succeeded;
  std::string reference;  // the provider's own name of the charge
  Money amount;           // what was taken, or refused
  std::string reason;     // of a decline
  bool operator==(const ChargeReceipt&) const = default;
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual Result<ChargeReceipt> charge(const ChargeOrder& order, Deadline deadline) = 0;
  virtual Result<std::optional<ChargeReceipt>> find(const std::string& key, Deadline deadline) = 0;
};

}  // namespace weir
