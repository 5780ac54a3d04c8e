#include "quota/numbers.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace weir {
namespace {

/// Ascending, disjoint.
std::vector<NumberSpan> united(std::span<const NumberSpan> came) {
  std::vector<NumberSpan> spans(came.begin(), came.end());
  std::ranges::sort(spans);
  std::vector<NumberSpan> out;
  for (const NumberSpan& span : spans) {
    if (!out.empty() && span.first <= out.back().second) {
      out.back().second = std::max(out.back().second, span.second);
    } else {
      out.push_back(span);
    }
  }
  return out;
}

/// What of `hole` none of `came` covers.
std::vector<NumberSpan> left_of(NumberSpan hole, std::span<const NumberSpan> came) {
  std::vector<NumberSpan> left;
  for (const NumberSpan& span : came) {
    if (span.second < hole.first) continue;
    if (span.first > hole.second) break;
    if (span.first > hole.first) left.emplace_back(hole.first, span.first - 1);
    if (span.second >= hole.second) return left;
    hole.first = span.second + 1;
  }
  left.push_back(hole);
  return left;
}

/// Opened one by one, a piece ending at each of `ends` (ascending) that lies in it.
void open_holes(NumberChange& change, NumberSpan hole, std::span<const std::int64_t> ends) {
  for (const std::int64_t end : ends) {
    if (end < hole.first || end >= hole.second) continue;
    change.holes.push_back({std::nullopt, {{hole.first, end}}});
    hole.first = end + 1;
  }
  change.holes.push_back({std::nullopt, {hole}});
}

using Groups = std::map<std::tuple<std::string_view, std::int64_t, PartitionId>, NumberGroup>;

void add_sealed(Groups& groups, const Seal& seal, const EpochNumbers& entry, std::size_t place) {
  if (place >= entry.last.size() || entry.last[place] <= 0) return;
  const PartitionId partition{static_cast<std::int32_t>(place)};
  const auto [group, made] = groups.try_emplace({seal.producer, entry.epoch, partition});
  // No hole that stands is changed by a seal.
  constexpr std::int64_t kNoHoles = std::numeric_limits<std::int64_t>::max();
  if (made) group->second.question = {partition, seal.producer, entry.epoch, kNoHoles};
  group->second.sealed.push_back(entry.last[place]);
}

/// Each partition's own copy alone: of the others this one knows nothing. Partitions that an older
/// epoch's topic had and this one has not, nobody reads any more: partition 0 speaks for them.
void add_sealed(Groups& groups, const SealRecord& record) {
  const Seal& seal = record.seal;
  const auto own = std::ranges::find(seal.numbers, seal.epoch, &EpochNumbers::epoch);
  for (const EpochNumbers& entry : seal.numbers) {
    add_sealed(groups, seal, entry, static_cast<std::size_t>(record.partition.value));
    if (record.partition.value != 0 || own == seal.numbers.end()) continue;
    for (std::size_t place = std::max<std::size_t>(own->last.size(), 1); place < entry.last.size();
         ++place) {
      add_sealed(groups, seal, entry, place);
    }
  }
}

}  // namespace

NumberChange apply_numbers(const NumberState& state, std::span<const NumberSpan> numbers,
                           std::span<const std::int64_t> sealed) {
  NumberChange change{state.producer, state.epoch, state.partition, state.highest, {}, true};
  const std::vector<NumberSpan> came = united(numbers);
  std::vector<std::int64_t> ends(sealed.begin(), sealed.end());
  std::ranges::sort(ends);
  for (const NumberSpan& hole : state.holes) {
    std::vector<NumberSpan> left = left_of(hole, came);
    if (left.size() == 1 && left[0] == hole) continue;
    change.holes.push_back({hole, std::move(left)});
  }
  if (!came.empty()) change.highest = std::max(change.highest, came.back().second);
  if (!ends.empty()) change.highest = std::max(change.highest, ends.back());
  if (change.highest > state.highest) {
    for (const NumberSpan& hole : left_of({state.highest + 1, change.highest}, came)) {
      open_holes(change, hole, ends);
    }
  }
  change.none = change.holes.empty() && change.highest == state.highest;
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
      group.came.emplace_back(run.from, run.to);
    }
  }
  for (const SealRecord& record : seals) add_sealed(groups, record);
  std::vector<NumberGroup> out;
  for (auto& [key, group] : groups) out.push_back(std::move(group));
  return out;
}

}  // namespace weir
