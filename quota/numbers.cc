#include "quota/numbers.h"

#include <algorithm>
#include <tuple>

namespace weir {
namespace {

/// Ascending, disjoint.
std::vector<NumberSpan> united(std::span<const NumberRun> runs) {
  std::vector<NumberSpan> spans;
  for (const NumberRun& run : runs) spans.emplace_back(run.from, run.to);
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

auto key_of(const NumberQuestion& q) { return std::tuple(q.producer, q.epoch, q.partition); }

}  // namespace

NumberChange apply_numbers(const NumberState& state, std::span<const NumberRun> runs) {
  NumberChange change{state.producer, state.epoch, state.partition, state.highest, {}, true};
  const std::vector<NumberSpan> came = united(runs);
  if (came.empty()) return change;
  for (const NumberSpan& hole : state.holes) {
    std::vector<NumberSpan> left = left_of(hole, came);
    if (left.size() == 1 && left[0] == hole) continue;
    change.holes.push_back({hole, std::move(left)});
  }
  if (came.back().second > state.highest) {
    change.highest = came.back().second;
    for (const NumberSpan& hole : left_of({state.highest + 1, change.highest}, came)) {
      change.holes.push_back({std::nullopt, {hole}});
    }
  }
  change.none = change.holes.empty() && change.highest == state.highest;
  return change;
}

std::vector<NumberQuestion> questions_of(std::span<const Range> ranges) {
  std::vector<NumberQuestion> questions;
  for (const Range& range : ranges) {
    for (const NumberRun& run : range.numbers) {
      questions.push_back({range.partition, run.producer, run.epoch, run.from});
    }
  }
  std::ranges::sort(questions, [](const NumberQuestion& a, const NumberQuestion& b) {
    return key_of(a) != key_of(b) ? key_of(a) < key_of(b) : a.least < b.least;
  });
  const auto same = [](const NumberQuestion& a, const NumberQuestion& b) {
    return key_of(a) == key_of(b);
  };
  questions.erase(std::unique(questions.begin(), questions.end(), same), questions.end());
  return questions;
}

std::vector<NumberRun> runs_of(const Range& range, std::string_view producer, std::int64_t epoch) {
  std::vector<NumberRun> runs;
  std::ranges::copy_if(range.numbers, std::back_inserter(runs), [&](const NumberRun& run) {
    return run.producer == producer && run.epoch == epoch;
  });
  return runs;
}

}  // namespace weir
