#include "quota/rebuild/replay.h"

#include "quota/operator/resolve.h"

#include <algorithm>
#include <set>
#include <simdjson.h>

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr Micros kStatementTimeout = std::chrono::seconds(30);

std::int64_t integer(const dom::element& of, const char* name, std::int64_t otherwise = 0) {
  std::int64_t value = otherwise;
  return of[name].get(value) == simdjson::SUCCESS ? value : otherwise;
}

std::string_view text(const dom::element& of, const char* name) {
  std::string_view value;
  return of[name].get(value) == simdjson::SUCCESS ? value : std::string_view();
}

/// The members of the array `name`; none when there is no such array.
std::vector<dom::element> members(const dom::element& of, const char* name) {
  dom::array array;
  if (of[name].get(array) != simdjson::SUCCESS) return {};
  return {array.begin(), array.end()};
}

Error wrong(const PastDecision& decision) {
  return Error{ErrorCode::invalid,
               "the decision of " + format_rfc3339(decision.at_us) + " (" + decision.action +
                   ") cannot be read",
               "export again: weir-quota decisions export"};
}

/// Children that were on their way when their row was discarded; none of other decisions.
std::set<std::int64_t> discarded_by(const PastDecision& decision) {
  std::set<std::int64_t> children;
  dom::parser parser;
  dom::element detail;
  const simdjson::padded_string padded(decision.detail);
  if (decision.action != "quarantine discard" ||
      parser.parse(padded).get(detail) != simdjson::SUCCESS) {
    return children;
  }
  for (const dom::element child : members(detail, "discarded")) {
    std::int64_t id = 0;
    if (child.get(id) == simdjson::SUCCESS) children.insert(id);
  }
  return children;
}

Result<PastSplit> read_split(const PastDecision& decision) {
  dom::parser parser;
  dom::element detail, row;
  const simdjson::padded_string padded(decision.detail);
  if (parser.parse(padded).get(detail) != simdjson::SUCCESS ||
      detail["row"].get(row) != simdjson::SUCCESS) {
    return wrong(decision);
  }
  PastSplit split;
  split.decision = decision;
  split.partition = PartitionId{static_cast<std::int32_t>(integer(row, "partition"))};
  split.offset = Offset{integer(row, "offset")};
  split.row = integer(row, "row", -1);
  for (const dom::element child : members(detail, "children")) {
    split.children.push_back(
        {integer(child, "child"), integer(child, "partition"), std::string(text(child, "event"))});
  }
  if (split.children.empty()) return wrong(decision);
  return split;
}

using Ids = RebuiltLedger::Ids;
/// The open rows that the details of one decision name, each once.
class Found {
 public:
  Status add(Ids ids) {
    if (!ids) return std::move(ids).error();
    ids_.insert(ids->begin(), ids->end());
    return Status();
  }
  std::vector<std::int64_t> ids() const { return {ids_.begin(), ids_.end()}; }

 private:
  std::set<std::int64_t> ids_;
};

Status find_quarantine(RebuiltLedger& ledger, const dom::element& detail, Found& found,
                       Deadline deadline) {
  for (const dom::element row : members(detail, "rows")) {
    WEIR_TRY(found.add(ledger.find_quarantine(integer(row, "partition"), integer(row, "offset"),
                                              integer(row, "row", -1), deadline)));
  }
  return Status();
}

Status find_unprovable(RebuiltLedger& ledger, const dom::element& detail, Found& found,
                       Deadline deadline) {
  for (const dom::element row : members(detail, "rows")) {
    WEIR_TRY(found.add(ledger.find_unprovable(text(row, "identity"), deadline)));
  }
  return Status();
}

Status find_holes(RebuiltLedger& ledger, const dom::element& detail, Found& found,
                  Deadline deadline) {
  for (const dom::element hole : members(detail, "holes")) {
    const PastHole past{text(hole, "producer"), integer(hole, "epoch"), integer(hole, "partition"),
                        integer(hole, "from"), integer(hole, "to")};
    WEIR_TRY(found.add(ledger.find_holes(past, deadline)));
  }
  return Status();
}

Status find_gaps(RebuiltLedger& ledger, const dom::element& detail, Found& found,
                 Deadline deadline) {
  for (const dom::element gap : members(detail, "gaps")) {
    WEIR_TRY(found.add(ledger.find_gaps(integer(gap, "partition"), integer(gap, "from"),
                                        integer(gap, "to"), deadline)));
  }
  return Status();
}

Status find_flags(RebuiltLedger& ledger, const dom::element& detail, Found& found,
                  Deadline deadline) {
  for (const dom::element flag : members(detail, "flags")) {
    WEIR_TRY(found.add(ledger.find_flags(text(flag, "kind"), text(flag, "what"), deadline)));
  }
  return Status();
}

using Find = Status (*)(RebuiltLedger&, const dom::element&, Found&, Deadline);
using Decide = Result<Resolution> (*)(OperatorStore&, const Decision&,
                                      std::span<const std::int64_t>, Deadline);
struct Action {
  const char* name;
  Find find;
  Decide decide;
};
constexpr Action kActions[] = {
    {"quarantine discard", find_quarantine, discard_quarantine},
    {"unprovable accept", find_unprovable, accept_unprovable},
    {"unprovable discard", find_unprovable, discard_unprovable},
    {"holes accept", find_holes, accept_holes},
    {"gaps accept", find_gaps, accept_gaps},
    // What a gap swallowed shows as holes alone, where the stream begins behind it.
    {"gaps accept", find_holes, accept_holes},
    {"flags clear", find_flags, clear_flags},
};

/// One that names what was closed when it was made is placed by that, others by their time.
bool precedes(const PastDecision& decision, const CloseVector& close) {
  dom::parser parser;
  dom::element detail;
  const simdjson::padded_string padded(decision.detail);
  std::int64_t closed_until_us = 0;
  if (parser.parse(padded).get(detail) == simdjson::SUCCESS &&
      detail["closed_until_us"].get(closed_until_us) == simdjson::SUCCESS) {
    return closed_until_us < close.t_us;
  }
  return decision.at_us < close.closed_at_us;
}

}  // namespace

Result<Replay> Replay::of(std::vector<PastDecision> decisions) {
  Replay replay;
  for (PastDecision& decision : decisions) {
    if (decision.action == "lineage adopt") {
      return Error{ErrorCode::config,
                   "the stream was adopted as a new incarnation on " +
                       format_rfc3339(decision.at_us) + ": no one log holds all of it",
                   "restore the quota database from a backup instead"};
    }
    if (decision.action == "move finish") {
      return Error{ErrorCode::config,
                   "the stream was moved to another topic on " + format_rfc3339(decision.at_us) +
                       ": no one log holds all of it",
                   "restore the quota database from a backup instead"};
    }
    if (decision.action == "move declare" || decision.action == "move cancel") continue;
    if (decision.action != "quarantine redrive") {
      replay.others_.push_back(std::move(decision));
      continue;
    }
    Result<PastSplit> split = read_split(decision);
    if (!split) return std::move(split).error();
    replay.splits_.push_back(*std::move(split));
  }
  replay.match_discards();
  return replay;
}

void Replay::match_discards() {
  for (const PastDecision& decision : others_) {
    const std::set<std::int64_t> discarded = discarded_by(decision);
    for (PastSplit& split : splits_) {
      for (const PastSplit::Child& child : split.children) {
        if (!discarded.contains(child.id)) continue;
        split.discard = decision;
        split.discarded.insert(child.id);
      }
    }
  }
}

std::optional<PastSplit> Replay::next_split(const std::vector<Offset>& cuts) const {
  for (const PastSplit& split : splits_) {
    const auto partition = static_cast<std::size_t>(split.partition.value);
    if (partition < cuts.size() && split.offset < cuts[partition]) return split;
  }
  return std::nullopt;
}

Status Replay::make_split(RebuiltLedger& ledger, const PastSplit& split) {
  WEIR_TRY(ledger.split(split, Deadline::in(kStatementTimeout)));
  ++made_;
  std::erase_if(splits_, [&](const PastSplit& s) {
    return s.children.front().id == split.children.front().id;
  });
  return Status();
}

Status Replay::decide_before(RebuiltLedger& ledger, const CloseVector* close) {
  while (!others_.empty()) {
    if (close != nullptr && !precedes(others_.front(), *close)) break;
    WEIR_TRY(decide(ledger, others_.front()));
    others_.pop_front();
  }
  return Status();
}

Status Replay::decide(RebuiltLedger& ledger, const PastDecision& past) {
  const Deadline deadline = Deadline::in(kStatementTimeout);
  dom::parser parser;
  dom::element detail;
  const simdjson::padded_string padded(past.detail);
  if (parser.parse(padded).get(detail) != simdjson::SUCCESS) return wrong(past);
  OperatorStore& store = ledger.operators();
  const Decision decision{past.actor, past.reason};
  bool known = false, decided = false;
  for (const Action& action : kActions) {
    if (past.action != action.name) continue;
    known = true;
    Found found;
    WEIR_TRY(action.find(ledger, detail, found, deadline));
    const std::vector<std::int64_t> ids = found.ids();
    if (ids.empty()) continue;
    Result<Resolution> made = action.decide(store, decision, ids, deadline);
    if (!made) return made.error();
    decided = true;
  }
  if (past.action == "producers retire") {
    known = true;
    Result<Resolution> made =
        retire_producer(store, decision, std::string(text(detail, "producer")), deadline);
    // Ended already, or of a time before the log's start: nobody waits for it.
    const bool moot = !made && (made.error().code == ErrorCode::conflict ||
                                made.error().code == ErrorCode::not_found);
    if (!made && !moot) return made.error();
    decided = made.ok();
  }
  if (!decided && !discarded_by(past).empty()) {  // made with the splits
    decided = true;
    WEIR_TRY(ledger.record(past, deadline));
  }
  if (decided) ++made_;
  if (known && !decided) {
    notes_.push_back(past.action + " of " + format_rfc3339(past.at_us) + " by " + past.actor +
                     ": nothing of it is open here");
  }
  return Status();
}

}  // namespace weir
