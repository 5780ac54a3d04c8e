// Seals: a producer's promise in the stream (R13), as records of content type kSeal.
//
//   registration   "I am going to number what I send": in every partition before the first event
//   sealed         "all that I accepted before the wall time W is in, and these are my last numbers"
//   end            the same for ever: the source has ended
//
// The last `sealed` of an epoch that another topic follows says `final`: of this epoch nothing more
// comes (R2). Whoever does not know the member reads an ordinary seal.
//
// A seal carries the last number of each partition (0: none) for the producer's own epoch, and for
// every earlier one whose final numbers no acknowledged seal has carried. It repeats the
// registration, and goes into every partition. Written as JSON:
//   {"seal":"gw-1.5f3a","kind":"sealed","until_us":1767225600000000,"accepted_when":"spool",
//    "epoch":2,"numbers":[{"epoch":1,"last":[480,0]},{"epoch":2,"last":[3,7]}]}
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct EpochNumbers {
  std::int64_t epoch = 0;
  std::vector<std::int64_t> last;  // by partition
  bool operator==(const EpochNumbers&) const = default;
};

struct Seal {
  enum class Kind { registration, sealed, end };
  std::string producer;
  Kind kind = Kind::registration;
  std::int64_t until_us = 0;  // W, of `sealed` alone; 0: it vouches for numbers, for no time
  /// When an event counts as accepted: "spool" (fsynced), "broker" (acknowledged), "input" (it
  /// stands in the input file). For the certificate (R14).
  std::string accepted_when;
  std::int64_t epoch = 0;             // the producer's own
  std::vector<EpochNumbers> numbers;  // ascending by epoch; empty in a registration
  bool final = false;  // of `sealed` alone: its own epoch's numbers are the last ones
  bool operator==(const Seal&) const = default;
};

const char* name_of(Seal::Kind kind);
std::string write_seal(const Seal& seal);
/// Error `invalid` names the member. Unknown members are passed over.
Result<Seal> read_seal(std::string_view json);

/// `numbers` alone, for whoever stores them: [{"epoch":1,"last":[480,0]}].
std::string write_numbers(const std::vector<EpochNumbers>& numbers);
Result<std::vector<EpochNumbers>> read_numbers(std::string_view json);

}  // namespace weir
