#include "billing/seals.h"

#include "base/time.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace weir {
namespace {

using Place = std::pair<std::int64_t, std::int32_t>;  // epoch, partition
using Promises = std::map<Place, std::int64_t>;

/// Numbers only grow: of two promises the greater one holds both.
void promise(Promises& promises, const std::vector<EpochNumbers>& numbers) {
  for (const EpochNumbers& entry : numbers) {
    for (std::size_t p = 0; p < entry.last.size(); ++p) {
      if (entry.last[p] == 0) continue;
      std::int64_t& last = promises[{entry.epoch, static_cast<std::int32_t>(p)}];
      last = std::max(last, entry.last[p]);
    }
  }
}

/// The stored seals of one producer, by edge.
std::vector<const QuotaSeal*> seals_of(const QuotaProducers& all, const std::string& producer) {
  std::vector<const QuotaSeal*> seals;
  for (const QuotaSeal& seal : all.seals) {
    if (seal.producer == producer) seals.push_back(&seal);
  }
  std::sort(seals.begin(), seals.end(),
            [](const QuotaSeal* a, const QuotaSeal* b) { return a->edge_us < b->edge_us; });
  return seals;
}

std::vector<PromisedNumber> compare(const Promises& promises, const QuotaProducers& all,
                                    const std::string& producer) {
  Promises applied;
  for (const QuotaNumber& number : all.numbers) {
    if (number.producer == producer) applied[{number.epoch, number.partition}] = number.contiguous;
  }
  std::vector<PromisedNumber> numbers;
  for (const auto& [place, last] : promises) {
    const auto found = applied.find(place);
    numbers.push_back(
        {place.first, place.second, last, found == applied.end() ? 0 : found->second});
  }
  return numbers;
}

ProducerWord word_of(const QuotaProducer& producer, const QuotaProducers& all, std::int64_t t_us,
                     std::int64_t grace_us) {
  ProducerWord word;
  word.producer = producer.producer;
  word.accepted_when = producer.accepted_when;
  word.ever_sealed = producer.sealed_until_us.has_value();
  word.heard_us = producer.sealed_until_us.value_or(producer.registered_at_us);
  Promises promises;
  const bool ended = producer.end_numbers.has_value();
  if (!ended || producer.ended_by == "seal") {
    for (const QuotaSeal* seal : seals_of(all, producer.producer)) {
      promise(promises, seal->numbers);
      if (ended || seal->until_us < t_us + grace_us) continue;
      word.kind = ProducerWord::Kind::seal;
      word.until_us = seal->until_us;
      word.append_us = seal->append_us;
      break;
    }
  }
  if (ended) {
    promise(promises, *producer.end_numbers);
    word.kind = ProducerWord::Kind::end;
    word.ended_by = producer.ended_by;
  }
  if (word.kind != ProducerWord::Kind::none) {
    word.numbers = compare(promises, all, producer.producer);
  }
  return word;
}

std::string retire_action(const std::string& producer) {
  return "weir-quota producers retire " + producer + " --reason ...";
}

Reason unsealed(const ProducerWord& word, std::int64_t t_us, std::int64_t grace_us) {
  const std::string said = word.ever_sealed ? " sealed up to " + format_rfc3339(word.heard_us)
                                            : " registered and never sealed";
  const bool input = word.accepted_when == "input";
  return {"unsealed",
          {},
          word.producer + said + "; a seal for " + format_rfc3339(t_us) + " is one up to " +
              format_rfc3339(t_us + grace_us) + " or later",
          "start " + word.producer + (input ? " again on its input" : " again with its spool") +
              ", or: " + retire_action(word.producer),
          word.heard_us,
          word.producer};
}

Reason missing(const ProducerWord& word, const PromisedNumber& number) {
  return {"numbers_missing",
          number.partition,
          word.producer + " epoch " + std::to_string(number.epoch) + " sealed " +
              std::to_string(number.last) + " records, applied without a hole are " +
              std::to_string(number.contiguous),
          "start " + word.producer + " again with its spool, or, if they are lost: " +
              "weir-quota holes list, then holes accept ID",
          word.heard_us,
          word.producer};
}

}  // namespace

std::vector<ProducerWord> words_for(const QuotaProducers& producers, std::int64_t t_us,
                                    std::int64_t grace_us) {
  std::vector<ProducerWord> words;
  for (const QuotaProducer& producer : producers.producers) {
    words.push_back(word_of(producer, producers, t_us, grace_us));
  }
  return words;
}

std::vector<Reason> judge_words(const std::vector<ProducerWord>& words, std::int64_t t_us,
                                std::int64_t grace_us) {
  std::vector<Reason> reasons;
  for (const ProducerWord& word : words) {
    if (word.kind == ProducerWord::Kind::none) reasons.push_back(unsealed(word, t_us, grace_us));
    for (const PromisedNumber& number : word.numbers) {
      if (!number.kept()) reasons.push_back(missing(word, number));
    }
  }
  return reasons;
}

}  // namespace weir
