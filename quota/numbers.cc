#include "quota/numbers.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace weir {
namespace {

/// Ascending, disjoint.
std::vector<NumbersCame> united(std::span<const NumbersCame> came) {
  std::vector<NumbersCame> spans(came.begin(), came.end());
  std::ranges::sort(spans, {},
                    [](const NumbersCame& span) { return NumberSpan(span.from, span.to); });
  std::vector<NumbersCame> out;
  for (const NumbersCame& span : spans) {
    if (out.empty() || span.from > out.back().to) {
      out.push_back(span);
      continue;
    }
    NumbersCame& last = out.back();
    last = {last.from, std::max(last.to, span.to), std::min(last.first, span.first),
            std::max(last.last, span.last)};
  }
  return out;
}

/// What of `hole` none of `came` covers.
std::vector<NumberSpan> left_of(NumberSpan hole, std::span<const NumbersCame> came) {
  std::vector<NumberSpan> left;
  for (const NumbersCame& span : came) {
    if (span.to < hole.first) continue;
    if (span.from > hole.second) break;
    if (span.from > hole.first) left.emplace_back(hole.first, span.from - 1);
    if (span.to >= hole.second) return left;
    hole.first = span.to + 1;
  }
  left.push_back(hole);
  return left;
}

/// What shows that numbers are missing, and where it stands. Both spans ascending by number.
class Evidence {
 public:
  Evidence(const NumberState& state, Incarnation incarnation, std::span<const NumbersCame> came,
           std::span<const NumberSealed> sealed)
      : incarnation_(incarnation), came_(came), sealed_(sealed) {
    newest_up_to_.push_back(state.newest);
    for (const NumbersCame& span : came) {
      newest_up_to_.push_back(std::max(newest_up_to_.back(), place(span.last)));
    }
    first_came_ = from_the_end(came, [](const NumbersCame& span) { return span.first; });
    first_sealed_ = from_the_end(sealed, [](const NumberSealed& seal) { return seal.at; });
  }

  HoleChange opened(NumberSpan hole) const {
    const auto above = std::ranges::upper_bound(came_, hole.second, {}, &NumbersCame::from);
    const auto naming = std::ranges::lower_bound(sealed_, hole.second, {}, &NumberSealed::last);
    const auto place = static_cast<std::size_t>(above - came_.begin());
    HoleChange change{std::nullopt, {hole}, {}, newest_up_to_[place]};
    change.found = std::min(first_came_[place],
                            first_sealed_[static_cast<std::size_t>(naming - sealed_.begin())]);
    return change;
  }
  std::optional<RecordPlace> newest() const { return newest_up_to_.back(); }

 private:
  std::optional<RecordPlace> place(Offset offset) const {
    return RecordPlace{incarnation_, offset};
  }
  /// Of each place and all behind it the least; at the end nothing.
  template <class Span, class OffsetOf>
  static std::vector<Offset> from_the_end(const Span& all, OffsetOf offset_of) {
    std::vector<Offset> least(all.size() + 1, Offset{std::numeric_limits<std::int64_t>::max()});
    for (std::size_t i = all.size(); i-- > 0;) least[i] = std::min(least[i + 1], offset_of(all[i]));
    return least;
  }

  const Incarnation incarnation_;
  const std::span<const NumbersCame> came_;
  const std::span<const NumberSealed> sealed_;
  std::vector<std::optional<RecordPlace>> newest_up_to_;  // before came_[i]
  std::vector<Offset> first_came_, first_sealed_;
};

/// Opened one by one, a piece ending at each end of a seal (ascending) that lies in it.
void open_holes(NumberChange& change, NumberSpan hole, std::span<const NumberSealed> sealed,
                const Evidence& evidence) {
  for (const NumberSealed& seal : sealed) {
    if (seal.last < hole.first || seal.last >= hole.second) continue;
    change.holes.push_back(evidence.opened({hole.first, seal.last}));
    hole.first = seal.last + 1;
  }
  change.holes.push_back(evidence.opened(hole));
}

using Groups = std::map<std::tuple<std::string_view, std::int64_t, PartitionId>, NumberGroup>;

void add_sealed(Groups& groups, const SealRecord& record, const EpochNumbers& entry,
                std::size_t place) {
  const Seal& seal = record.seal;
  if (place >= entry.last.size() || entry.last[place] <= 0) return;
  const PartitionId partition{static_cast<std::int32_t>(place)};
  const auto [group, made] = groups.try_emplace({seal.producer, entry.epoch, partition});
  // No hole that stands is changed by a seal.
  constexpr std::int64_t kNoHoles = std::numeric_limits<std::int64_t>::max();
  if (made) group->second.question = {partition, seal.producer, entry.epoch, kNoHoles};
  group->second.sealed.push_back({entry.last[place], record.offset});
}

/// Each partition's own copy alone: of the others this one knows nothing. Partitions that an older
/// epoch's topic had and this one has not, nobody reads any more: partition 0 speaks for them.
void add_sealed(Groups& groups, const SealRecord& record) {
  const Seal& seal = record.seal;
  const auto own = std::ranges::find(seal.numbers, seal.epoch, &EpochNumbers::epoch);
  for (const EpochNumbers& entry : seal.numbers) {
    add_sealed(groups, record, entry, static_cast<std::size_t>(record.partition.value));
    if (record.partition.value != 0 || own == seal.numbers.end()) continue;
    for (std::size_t place = std::max<std::size_t>(own->last.size(), 1); place < entry.last.size();
         ++place) {
      add_sealed(groups, record, entry, place);
    }
  }
}

}  // namespace

NumberChange apply_numbers(const NumberState& state, Incarnation incarnation,
                           std::span<const NumbersCame> numbers,
                           std::span<const NumberSealed> seals) {
  NumberChange change{
      state.producer, state.epoch, state.partition, state.highest, state.newest, {}, true};
  const std::vector<NumbersCame> came = united(numbers);
  std::vector<NumberSealed> sealed(seals.begin(), seals.end());
  std::ranges::sort(sealed, {}, &NumberSealed::last);
  const Evidence evidence(state, incarnation, came, sealed);
  for (const NumberSpan& hole : state.holes) {
    std::vector<NumberSpan> left = left_of(hole, came);
    if (left.size() == 1 && left[0] == hole) continue;
    change.holes.push_back({hole, std::move(left)});
  }
  if (!came.empty()) change.highest = std::max(change.highest, came.back().to);
  if (!sealed.empty()) change.highest = std::max(change.highest, sealed.back().last);
  if (change.highest > state.highest) {
    for (const NumberSpan& hole : left_of({state.highest + 1, change.highest}, came)) {
      open_holes(change, hole, sealed, evidence);
    }
  }
  change.none = change.holes.empty() && change.highest == state.highest;
  if (!change.none) change.newest = evidence.newest();
  return change;
}

std::vector<NumberGroup> group_numbers(std::span<const Range> ranges,
                                       std::span<const SealRecord> seals) {
  Groups groups;
  for (const Range& range : ranges) {
    for (const NumberRun& run : range.numbers) {
      const auto [place, made] = groups.try_emplace({run.producer, run.epoch, range.partition});
      NumberGroup& group = place->second;
      if (made) group.question = {range.partition, run.producer, run.epoch, run.from};
      group.question.least = std::min(group.question.least, run.from);
      group.greatest = std::max(group.greatest, run.to);
      group.came.push_back({run.from, run.to, run.first, run.last});
    }
  }
  for (const SealRecord& record : seals) add_sealed(groups, record);
  std::vector<NumberGroup> out;
  for (auto& [key, group] : groups) out.push_back(std::move(group));
  return out;
}

}  // namespace weir
