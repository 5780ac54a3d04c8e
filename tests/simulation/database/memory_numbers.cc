// The ingest transaction's statements about producers' numbers (quota/postgres_numbers.cc).
#include "tests/simulation/database/memory_ingest.h"

#include <algorithm>

namespace weir::simulation {
namespace {

bool is_of(const HoleRow& hole, const std::string& producer, std::int64_t epoch,
           PartitionId partition) {
  return hole.producer == producer && hole.epoch == epoch && hole.partition == partition.value;
}

bool same_key(const HoleRow& a, const HoleRow& b) {
  return std::tie(a.incarnation, a.partition, a.producer, a.epoch, a.from_number) ==
         std::tie(b.incarnation, b.partition, b.producer, b.epoch, b.from_number);
}

}  // namespace

Result<std::vector<NumberState>> MemoryIngest::read_numbers(
    std::span<const NumberQuestion> questions) {
  std::vector<NumberState> states;
  if (const auto done = session_.run("quota.read_numbers",
                                     [&]() -> Status {
                                       for (const NumberQuestion& question : questions) {
                                         NumberState state;
                                         state.producer = std::string(question.producer);
                                         state.epoch = question.epoch;
                                         state.partition = question.partition;
                                         const NumberRow* row = quota_.producer_number.find(
                                             session_,
                                             {state.producer, state.epoch, state.partition.value});
                                         if (row != nullptr) state.highest = row->highest;
                                         if (row != nullptr) state.newest = row->newest;
                                         states.push_back(std::move(state));
                                       }
                                       return {};
                                     });
      !done)
    return done.error();
  if (const auto done =
          session_.run("quota.read_holes",
                       [&]() -> Status {
                         for (std::size_t i = 0; i < states.size(); ++i) {
                           NumberState& state = states[i];
                           const auto asked = [&](std::int64_t, const HoleRow& hole) {
                             return hole.open() && hole.to_number >= questions[i].least &&
                                    is_of(hole, state.producer, state.epoch, state.partition);
                           };
                           auto holes = quota_.hole.lock_all(session_, asked, Strength::update);
                           if (!holes) return holes.error();
                           for (const auto& [id, hole] : *holes) {
                             state.holes.emplace_back(hole->from_number, hole->to_number);
                           }
                           std::sort(state.holes.begin(), state.holes.end());
                         }
                         return {};
                       });
      !done)
    return done.error();
  return states;
}

Status MemoryIngest::open_hole(HoleRow hole) {
  if (hole.from_number > hole.to_number) {
    return check_violation();
  }
  bool taken = false;
  quota_.hole.each(session_,
                   [&](std::int64_t, const HoleRow& row) { taken = taken || same_key(row, hole); });
  if (taken) {
    return unique_violation();
  }
  return quota_.hole.insert_new(session_, ++quota_.hole_ids, std::move(hole));
}

/// Closes the row, or cuts it: the first piece stays the row, the others come beside it.
Status MemoryIngest::change_hole(const NumberChange& of, const HoleChange& change) {
  const auto [first, last] = *change.before;
  const bool whole = change.after.empty();
  std::optional<HoleRow> cut;
  const auto where = [&](std::int64_t, const HoleRow& row) {
    return !row.closed_at_us && is_of(row, of.producer, of.epoch, of.partition) &&
           row.from_number == first && (!whole || row.to_number == last);
  };
  const auto changed = quota_.hole.update_all(session_, where, [&](std::int64_t, HoleRow& row) {
    if (whole) {
      row.closed_at_us = session_.now_us();
      return;
    }
    std::tie(row.from_number, row.to_number) = change.after[0];
    cut = row;
  });
  if (!changed) return changed.error();
  for (std::size_t i = 1; cut && i < change.after.size(); ++i) {
    HoleRow piece = *cut;
    std::tie(piece.from_number, piece.to_number) = change.after[i];
    WEIR_TRY(open_hole(std::move(piece)));
  }
  return {};
}

Status MemoryIngest::write_numbers(Incarnation incarnation, std::span<const NumberChange> changes) {
  return session_.run("quota.write_numbers", [&]() -> Status {
    for (const NumberChange& change : changes) {
      for (const HoleChange& hole : change.holes) {
        if (hole.before) {
          WEIR_TRY(change_hole(change, hole));
          continue;
        }
        for (const auto& [from, to] : hole.after) {
          HoleRow row;
          row.producer = change.producer;
          row.epoch = change.epoch;
          row.partition = change.partition.value;
          row.incarnation = incarnation.value;
          row.from_number = from;
          row.to_number = to;
          row.opened_at_us = session_.now_us();
          row.found_offset = hole.found;
          row.behind = hole.behind;
          WEIR_TRY(open_hole(std::move(row)));
        }
      }
      if (change.highest < 1) {
        return check_violation();
      }
      WEIR_TRY(quota_.producer_number.upsert(
          session_, {change.producer, change.epoch, change.partition.value},
          NumberRow{change.highest, change.newest}, [&](NumberRow& row, bool) {
            row = {std::max(row.highest, change.highest), change.newest};
          }));
    }
    return {};
  });
}

}  // namespace weir::simulation
