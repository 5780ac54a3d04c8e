#include "quota/seals.h"

#include "base/civil.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace weir {
namespace {

/// Of epochs before the seal's own; of its own as well when it says that this one is over.
std::vector<EpochNumbers> finals_of(const Seal& seal) {
  std::vector<EpochNumbers> finals;
  std::ranges::copy_if(seal.numbers, std::back_inserter(finals), [&](const EpochNumbers& entry) {
    return entry.epoch < seal.epoch || (seal.final && entry.epoch == seal.epoch);
  });
  return finals;
}

/// The first of each edge, in the order of W; and the newest, if its edge has one already.
std::vector<KeptSeal> keep_firsts(std::vector<KeptSeal> seals) {
  std::ranges::stable_sort(seals, [](const KeptSeal& a, const KeptSeal& b) {
    return a.seal.until_us < b.seal.until_us;
  });
  std::vector<KeptSeal> kept;
  for (std::size_t i = 0; i < seals.size(); ++i) {
    const bool first = kept.empty() || kept.back().edge_us < seals[i].edge_us;
    const bool newest = i + 1 == seals.size() && seals[i].seal.until_us > kept.back().seal.until_us;
    if (first || newest) kept.push_back(seals[i]);
  }
  return kept;
}

bool is_ahead(const SealRecord& record, const SealRules& rules) {
  return record.seal.kind == Seal::Kind::sealed &&
         record.seal.until_us > record.append_time.value + rules.skew.count();
}

void take(ProducerNews& news, const SealRecord& record, const SealRules& rules) {
  const Seal& seal = record.seal;
  if (seal.epoch > news.registration.epoch) news.registration = seal;
  news.first_append = std::min(news.first_append, record.append_time);
  news.finals = merge_numbers(news.finals, finals_of(seal));
  if (seal.kind == Seal::Kind::sealed && seal.until_us > 0 && !is_ahead(record, rules)) {
    news.kept.push_back({seal, record.append_time, sealed_edge(seal.until_us, rules)});
  }
  if (seal.kind == Seal::Kind::end && (!news.end || news.end->seal.epoch < seal.epoch)) {
    news.end = KeptSeal{seal, record.append_time, 0};
  }
}

const EpochNumbers* entry_of(const std::vector<EpochNumbers>& numbers, std::int64_t epoch) {
  const auto entry = std::ranges::find(numbers, epoch, &EpochNumbers::epoch);
  return entry == numbers.end() ? nullptr : &*entry;
}

bool any_above(const std::vector<EpochNumbers>& numbers, const std::vector<EpochNumbers>& end) {
  for (const EpochNumbers& entry : numbers) {
    for (std::size_t i = 0; i < entry.last.size(); ++i) {
      const PartitionId partition{static_cast<std::int32_t>(i)};
      if (entry.last[i] > 0 && is_above(end, entry.epoch, partition, entry.last[i])) return true;
    }
  }
  return false;
}

}  // namespace

std::int64_t sealed_edge(std::int64_t until_us, const SealRules& rules) {
  return floor_divide(std::max<std::int64_t>(until_us, 0) - rules.grace.count(),
                      rules.bucket.count()) *
         rules.bucket.count();
}

GatheredSeals gather_seals(std::span<const SealRecord> seals, const SealRules& rules) {
  GatheredSeals out;
  std::map<std::string_view, ProducerNews> by_producer;
  for (const SealRecord& record : seals) {
    if (is_ahead(record, rules)) out.ahead_of_time.push_back(&record);
    const auto [place, made] = by_producer.try_emplace(record.seal.producer);
    if (made) place->second.first_append = record.append_time;
    take(place->second, record, rules);
  }
  for (auto& [producer, news] : by_producer) {
    news.kept = keep_firsts(std::move(news.kept));
    out.producers.push_back(std::move(news));
  }
  return out;
}

std::vector<EpochNumbers> merge_numbers(const std::vector<EpochNumbers>& a,
                                        const std::vector<EpochNumbers>& b) {
  std::map<std::int64_t, std::vector<std::int64_t>> merged;
  for (const std::vector<EpochNumbers>* side : {&a, &b}) {
    for (const EpochNumbers& entry : *side) {
      std::vector<std::int64_t>& last = merged[entry.epoch];
      last.resize(std::max(last.size(), entry.last.size()), 0);
      for (std::size_t i = 0; i < entry.last.size(); ++i)
        last[i] = std::max(last[i], entry.last[i]);
    }
  }
  std::vector<EpochNumbers> out;
  for (auto& [epoch, last] : merged) out.push_back({epoch, std::move(last)});
  return out;
}

bool is_above(const std::vector<EpochNumbers>& end, std::int64_t epoch, PartitionId partition,
              std::int64_t number) {
  const EpochNumbers* entry = entry_of(end, epoch);
  const auto place = static_cast<std::size_t>(partition.value);
  if (entry == nullptr || place >= entry->last.size()) return number > 0;
  return number > entry->last[place];
}

bool overtakes(const ProducerNews& news, const std::vector<EpochNumbers>& end) {
  if (!end.empty() && news.registration.epoch > end.back().epoch) return true;
  if (any_above(news.finals, end)) return true;
  return std::ranges::any_of(
      news.kept, [&](const KeptSeal& kept) { return any_above(kept.seal.numbers, end); });
}

}  // namespace weir
