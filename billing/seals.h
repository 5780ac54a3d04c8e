// READY*(T): what each producer's own word says about T (R13, R14). Pure judgement over facts.
//
// The word that counts for T is the producer's END, or else its first stored seal for the edge T or a
// later one: both say that all which was accepted before W >= T + G is numbered up to here. It is kept
// once everything up to those numbers is applied, or was accepted as lost.
//
// A seal names an earlier epoch until one that does is acknowledged; so what the stored seals before
// it promised belongs to the word too. An operator's retirement stands alone: the numbers that it
// names are final, whatever was promised before.
#pragma once

#include "billing/standing.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

struct PromisedNumber {
  std::int64_t epoch = 0;
  std::int32_t partition = 0;
  std::int64_t last = 0;        // sealed
  std::int64_t contiguous = 0;  // applied without a hole
  bool kept() const { return contiguous >= last; }
};

/// One producer's word for T.
struct ProducerWord {
  enum class Kind { none, seal, end };
  Kind kind = Kind::none;
  std::string producer;
  std::string accepted_when;
  std::int64_t until_us = 0;   // W, of a seal
  std::int64_t append_us = 0;  // of a seal
  std::string ended_by;        // of an end: "seal", or the operator
  /// What was heard last, for whoever waits: W of the newest seal, else the registration's time.
  std::int64_t heard_us = 0;
  bool ever_sealed = false;
  std::vector<PromisedNumber>
      numbers;  // by epoch and partition; 0 promises nothing and is left out
};

/// The word of every registered producer, by id.
std::vector<ProducerWord> words_for(const QuotaProducers& producers, std::int64_t t_us,
                                    std::int64_t grace_us);

/// `unsealed` and `numbers_missing`, each with its producer.
std::vector<Reason> judge_words(const std::vector<ProducerWord>& words, std::int64_t t_us,
                                std::int64_t grace_us);

}  // namespace weir
