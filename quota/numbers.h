// Producers' numbers (R13), the arithmetic: which are missing. Pure.
//
// A producer numbers its records per (producer, epoch, partition) from 1 without holes. What is known
// of such a triple is the highest number that came and the holes below it. Numbers may come in any
// order and more than once: what stays missing is the same, the numbers up to the highest less those
// that came (numbers_test.cc holds it to that). A copy at or below the highest changes nothing, and a
// hole that an operator accepted is closed for good.
//
// The copy of a seal that stands in a partition counts like a number: it was written after all that it
// names of this partition was acknowledged in it, so what did not come before it is missing. Without
// it, nothing would ever show that a producer's last numbers are lost.
#pragma once

#include "ingest/stream/handler.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// Where a record stands in its partition.
struct RecordPlace {
  Incarnation incarnation;
  Offset offset;
  auto operator<=>(const RecordPlace&) const = default;
};

/// Numbers from first to second, both inside.
using NumberSpan = std::pair<std::int64_t, std::int64_t>;

/// Of which triple the state is wanted, and from which number on holes matter.
struct NumberQuestion {
  PartitionId partition;
  std::string_view producer;
  std::int64_t epoch = 0;
  std::int64_t least = 0;
};

struct NumberState {
  std::string producer;
  std::int64_t epoch = 0;
  PartitionId partition;
  std::int64_t highest = 0;       // that came or that a seal named; 0: none yet
  std::vector<NumberSpan> holes;  // the open ones whose end is at or above `least`, ascending
  std::optional<RecordPlace> newest = {};  // of the records that moved `highest` or changed a hole
};

/// Numbers that came, and the offsets of the records that bear the two ends.
struct NumbersCame {
  std::int64_t from = 0, to = 0;
  Offset first = {}, last = {};
  bool operator==(const NumbersCame&) const = default;
};
/// A seal's last number, and where its copy stands.
struct NumberSealed {
  std::int64_t last = 0;
  Offset at = {};
  bool operator==(const NumberSealed&) const = default;
};

/// One hole row. Nothing before: it opens. Nothing after: its last missing number came. Else the row
/// is cut to `after`, in one piece or several, each of them inside `before`.
struct HoleChange {
  std::optional<NumberSpan> before;
  std::vector<NumberSpan> after;
  /// Of one that opens: the record that showed it, and the newest one of the triple before it. What is
  /// missing stood, if anywhere, between the two.
  Offset found = {};
  std::optional<RecordPlace> behind = {};
  bool operator==(const HoleChange&) const = default;
};

struct NumberChange {
  std::string producer;
  std::int64_t epoch = 0;
  PartitionId partition;
  std::int64_t highest = 0;  // from now on; never lower than it was
  std::optional<RecordPlace> newest;
  std::vector<HoleChange> holes;  // only those that change; their spans never overlap
  bool none = true;               // nothing is to be written
};

/// What `came`, numbers of the state's triple in any order, change: read in `incarnation`. Each piece of a new hole is one
/// change, and each ends where a seal does, so that holes do not depend on where a batch ends.
/// `sealed`: last numbers of the triple, as the seals say that stand in its partition.
NumberChange apply_numbers(const NumberState& state, Incarnation incarnation,
                           std::span<const NumbersCame> came,
                           std::span<const NumberSealed> sealed = {});

/// What a batch says of one triple.
struct NumberGroup {
  NumberQuestion question;
  std::vector<NumbersCame> came;
  std::int64_t greatest = 0;         // that came
  std::vector<NumberSealed> sealed;  // > 0
};
/// Sorted by producer, epoch and partition; views into the ranges and the seals.
std::vector<NumberGroup> group_numbers(std::span<const Range> ranges,
                                       std::span<const SealRecord> seals = {});

}  // namespace weir
