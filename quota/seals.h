// Producers and their seals (R13, R14): what a batch's seals say, once each. Pure.
//
// Every partition bears a copy of each seal, and a producer seals every few seconds; of all that a
// close needs little. gather_seals() boils a batch's seals down to what the ledger is told:
//
//   registration   the greatest epoch named
//   finals         last numbers of epochs that are over, united for ever: a later seal, whose
//                  producer holds them for told, repeats them no more, and is kept with them merged
//                  in, so that a loss at an epoch's end stays visible whichever seal is asked. The
//                  producer's present epoch stands among them once its final seal came (R2)
//   kept seals     the first of each bucket edge (the greatest edge T with W >= T + grace), and the
//                  newest, for `check` to show
//   end            the END of the greatest epoch
//
// A seal whose W exceeds its append time by more than the skew vouches for nothing: what is accepted in
// the time to come, it cannot know. Its registration and its finals hold all the same.
#pragma once

#include "base/time.h"
#include "ingest/stream/handler.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

/// What stands of a producer. Numbers are ascending by epoch.
struct ProducerState {
  std::string producer;
  std::int64_t epoch = 0;            // the greatest that it named
  std::vector<EpochNumbers> finals;  // of epochs that are over
  std::optional<std::vector<EpochNumbers>> end;
};
/// A producer whose END, or whose retirement by an operator, stands.
struct ProducerEnd {
  std::string producer;
  std::vector<EpochNumbers> numbers;
};

struct SealRules {
  Micros skew{0};
  Micros grace{0};
  Micros bucket{0};
};

struct KeptSeal {
  Seal seal;
  AppendTime append_time;
  std::int64_t edge_us = 0;
};
struct ProducerNews {
  Seal registration;        // that names the greatest epoch
  AppendTime first_append;  // of all its seals here
  std::vector<EpochNumbers> finals;
  std::vector<KeptSeal> kept;  // in the order of their W
  std::optional<KeptSeal> end;
};
struct GatheredSeals {
  std::vector<ProducerNews> producers;  // by id
  std::vector<const SealRecord*> ahead_of_time;
};
GatheredSeals gather_seals(std::span<const SealRecord> seals, const SealRules& rules);

/// The greatest bucket edge T with until_us >= T + grace.
std::int64_t sealed_edge(std::int64_t until_us, const SealRules& rules);

/// The union of both; where both name a partition's last number of an epoch, the greater one.
std::vector<EpochNumbers> merge_numbers(const std::vector<EpochNumbers>& a,
                                        const std::vector<EpochNumbers>& b);

/// R14: is this number above what the END names, or of a later epoch?
bool is_above(const std::vector<EpochNumbers>& end, std::int64_t epoch, PartitionId partition,
              std::int64_t number);
/// Does anything that the producer says here go beyond its END?
bool overtakes(const ProducerNews& news, const std::vector<EpochNumbers>& end);

}  // namespace weir
