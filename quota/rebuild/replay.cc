#include "quota/rebuild/replay.h"

#include "quota/operator/postgres_operator_store.h"
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

/// The open rows that the details of one decision name.
class Finder {
 public:
  Finder(Connection& connection, Deadline deadline)
      : connection_(connection), deadline_(deadline) {}

  Status find(std::string_view sql, const Params& params) {
    Result<Rows> rows = connection_.run(sql, params, deadline_);
    if (!rows) return std::move(rows).error();
    for (std::size_t i = 0; i < rows->size(); ++i) ids_.insert(rows->integer(i, 0));
    return Status();
  }
  std::vector<std::int64_t> ids() const { return {ids_.begin(), ids_.end()}; }

 private:
  Connection& connection_;
  const Deadline deadline_;
  std::set<std::int64_t> ids_;
};

Status find_quarantine(Finder& finder, const dom::element& detail) {
  for (const dom::element row : members(detail, "rows")) {
    WEIR_TRY(
        finder.find("SELECT id FROM quota.quarantine WHERE partition = $1 AND "
                    "record_offset = $2 AND row = $3 AND resolved_at_us IS NULL",
                    Params()
                        .integer(integer(row, "partition"))
                        .integer(integer(row, "offset"))
                        .integer(integer(row, "row", -1))));
  }
  return Status();
}

Status find_unprovable(Finder& finder, const dom::element& detail) {
  for (const dom::element row : members(detail, "rows")) {
    WEIR_TRY(
        finder.find("SELECT id FROM quota.unprovable WHERE identity = decode($1, 'hex') "
                    "AND accepted_at_us IS NULL",
                    Params().text(text(row, "identity"))));
  }
  return Status();
}

/// Those that lie within a hole of then: what was one row may be several now.
Status find_holes(Finder& finder, const dom::element& detail) {
  for (const dom::element hole : members(detail, "holes")) {
    WEIR_TRY(
        finder.find("SELECT id FROM quota.hole WHERE producer = $1 AND epoch = $2 AND "
                    "partition = $3 AND from_number >= $4 AND to_number <= $5 "
                    "AND closed_at_us IS NULL AND accepted_at_us IS NULL",
                    Params()
                        .text(text(hole, "producer"))
                        .integer(integer(hole, "epoch"))
                        .integer(integer(hole, "partition"))
                        .integer(integer(hole, "from"))
                        .integer(integer(hole, "to"))));
  }
  return Status();
}

Status find_gaps(Finder& finder, const dom::element& detail) {
  for (const dom::element gap : members(detail, "gaps")) {
    WEIR_TRY(
        finder.find("SELECT id FROM quota.gap WHERE partition = $1 AND from_offset = $2 AND "
                    "to_offset = $3 AND accepted_at_us IS NULL",
                    Params()
                        .integer(integer(gap, "partition"))
                        .integer(integer(gap, "from"))
                        .integer(integer(gap, "to"))));
  }
  return Status();
}

Status find_flags(Finder& finder, const dom::element& detail) {
  for (const dom::element flag : members(detail, "flags")) {
    WEIR_TRY(finder.find(
        "SELECT id FROM quota.integrity_flag WHERE kind = $1 AND what = $2 AND kind <> 'lineage' "
        "AND cleared_at_us IS NULL",
        Params().text(text(flag, "kind")).text(text(flag, "what"))));
  }
  return Status();
}

using Find = Status (*)(Finder&, const dom::element&);
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
    if (decision.action != "quarantine redrive") {
      replay.others_.push_back(std::move(decision));
      continue;
    }
    Result<PastSplit> split = read_split(decision);
    if (!split) return std::move(split).error();
    replay.splits_.push_back(*std::move(split));
  }
  return replay;
}

std::optional<PastSplit> Replay::next_split(const std::vector<Offset>& cuts) const {
  for (const PastSplit& split : splits_) {
    const auto partition = static_cast<std::size_t>(split.partition.value);
    if (partition < cuts.size() && split.offset < cuts[partition]) return split;
  }
  return std::nullopt;
}

Status Replay::make_split(Database& database, const PastSplit& split) {
  const Deadline deadline = Deadline::in(kStatementTimeout);
  Result<Database::Lease> lease = database.acquire(deadline);
  if (!lease) return lease.error();
  Result<Transaction> tx = Transaction::begin(**lease, deadline);
  if (!tx) return tx.error();
  for (const PastSplit::Child& child : split.children) {
    Result<Rows> made = tx->run(
        "INSERT INTO quota.redrive (id, quarantine_id, partition, event, made_at_us) "
        "OVERRIDING SYSTEM VALUE SELECT $1, id, $2, $3, $4 FROM quota.quarantine "
        "WHERE partition = $5 AND record_offset = $6 AND row = $7",
        Params()
            .integer(child.id)
            .integer(child.partition)
            .bytes(child.event)
            .integer(split.decision.at_us)
            .integer(split.partition.value)
            .integer(split.offset.value)
            .integer(split.row),
        deadline);
    if (!made) return made.error();
    if (made->affected() == 1) continue;
    return Error{ErrorCode::integrity,
                 "partition " + std::to_string(split.partition.value) + " offset " +
                     std::to_string(split.offset.value) +
                     " was quarantined once and redriven; now it is not quarantined",
                 "rebuild with the program that wrote the ledger, or restore a backup"};
  }
  WEIR_TRY(
      tx->run("SELECT setval(pg_get_serial_sequence('quota.redrive', 'id'), "
              "(SELECT max(id) FROM quota.redrive))",
              deadline));
  const PastDecision& past = split.decision;
  WEIR_TRY(
      tx->run("INSERT INTO quota.audit (at_us, actor, action, detail, reason, worth) "
              "VALUES ($1, $2, $3, $4, $5, $6)",
              Params()
                  .integer(past.at_us)
                  .text(past.actor)
                  .text(past.action)
                  .text(past.detail)
                  .text(past.reason)
                  .text(past.worth),
              deadline));
  WEIR_TRY(tx->commit(deadline));
  ++made_;
  std::erase_if(splits_, [&](const PastSplit& s) {
    return s.children.front().id == split.children.front().id;
  });
  return Status();
}

Status Replay::decide_before(Database& database, const CloseVector* close) {
  while (!others_.empty()) {
    if (close != nullptr && !precedes(others_.front(), *close)) break;
    WEIR_TRY(decide(database, others_.front()));
    others_.pop_front();
  }
  return Status();
}

Status Replay::decide(Database& database, const PastDecision& past) {
  const Deadline deadline = Deadline::in(kStatementTimeout);
  dom::parser parser;
  dom::element detail;
  const simdjson::padded_string padded(past.detail);
  if (parser.parse(padded).get(detail) != simdjson::SUCCESS) return wrong(past);
  PostgresOperatorStore store(database);
  const Decision decision{past.actor, past.reason};
  bool known = false, decided = false;
  for (const Action& action : kActions) {
    if (past.action != action.name) continue;
    known = true;
    Result<Database::Lease> lease = database.acquire(deadline);
    if (!lease) return lease.error();
    Finder finder(**lease, deadline);
    WEIR_TRY(action.find(finder, detail));
    const std::vector<std::int64_t> ids = finder.ids();
    if (ids.empty()) continue;
    Result<Resolution> made = action.decide(store, decision, ids, deadline);
    if (!made) return made.error();
    decided = true;
  }
  if (past.action == "producers retire") {
    known = decided = true;
    Result<Resolution> made =
        retire_producer(store, decision, std::string(text(detail, "producer")), deadline);
    if (!made && made.error().code != ErrorCode::conflict) return made.error();
  }
  if (decided) ++made_;
  if (known && !decided) {
    notes_.push_back(past.action + " of " + format_rfc3339(past.at_us) + " by " + past.actor +
                     ": nothing of it is open here");
  }
  return Status();
}

}  // namespace weir
