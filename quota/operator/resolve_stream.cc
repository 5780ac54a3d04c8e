// Decisions about the stream and its producers: gaps, holes, integrity flags, retirement.
#include "quota/operator/deciding.h"
#include "quota/operator/detail.h"

#include <map>

namespace weir {
namespace {

constexpr Naming kGap{"gap", "weir-quota gaps list"};
constexpr Naming kHole{"hole", "weir-quota holes list"};
constexpr Naming kFlag{"integrity flag", "weir-quota flags list"};

/// resolve.h says which.
Result<std::vector<HoleRow>> holes_inside(OperatorTransaction& tx, std::span<const GapRow> gaps) {
  std::map<std::int64_t, HoleRow> inside;
  for (const GapRow& gap : gaps) {
    Result<std::vector<HoleRow>> round = tx.holes_round(gap.incarnation, gap.partition, gap.to);
    if (!round) return std::move(round).error();
    for (const HoleRow& hole : *round) inside.emplace(hole.id, hole);
  }
  std::vector<HoleRow> rows;
  for (auto& [id, hole] : inside) rows.push_back(std::move(hole));
  return rows;
}

template <class Row>
std::vector<std::int64_t> ids_of(const std::vector<Row>& rows) {
  std::vector<std::int64_t> ids;
  for (const Row& row : rows) ids.push_back(row.id);
  return ids;
}

std::string line_of(const GapRow& gap) {
  return "gap " + std::to_string(gap.id) + " accepted: partition " +
         std::to_string(gap.partition.value) + " offsets " + std::to_string(gap.from.value) +
         " to " + std::to_string(gap.to.value - 1);
}
std::string line_of(const HoleRow& hole) {
  return "hole " + std::to_string(hole.id) + " accepted: numbers " + std::to_string(hole.from) +
         " to " + std::to_string(hole.to) + " of " + hole.producer + " epoch " +
         std::to_string(hole.epoch) + " partition " + std::to_string(hole.partition.value);
}

std::string worth_of(std::span<const GapRow> gaps, std::span<const HoleRow> holes) {
  std::int64_t offsets = 0;
  for (const GapRow& gap : gaps) offsets += gap.to.value - gap.from.value;
  std::string worth = "at most " + std::to_string(offsets) + " records never read";
  if (!holes.empty()) worth += ", " + worth_of(holes);
  return worth;
}

/// One vector an epoch, as long as the greatest partition asks; 0 where nothing came.
/// The present epoch has one even if it sent nothing: else its registration were news.
std::vector<EpochNumbers> vectors_of(std::int64_t epoch_now,
                                     std::span<const ContiguousNumber> numbers) {
  std::map<std::int64_t, EpochNumbers> epochs;
  epochs[epoch_now].epoch = epoch_now;
  std::size_t partitions = 0;
  for (const ContiguousNumber& n : numbers) {
    partitions = std::max(partitions, static_cast<std::size_t>(n.partition.value) + 1);
  }
  for (const ContiguousNumber& n : numbers) {
    EpochNumbers& entry = epochs[n.epoch];
    entry.epoch = n.epoch;
    entry.last.resize(partitions);
    entry.last[static_cast<std::size_t>(n.partition.value)] = n.contiguous;
  }
  std::vector<EpochNumbers> out;
  for (auto& [epoch, entry] : epochs) out.push_back(std::move(entry));
  return out;
}

}  // namespace

Result<Resolution> accept_gaps(OperatorStore& store, const Decision& decision,
                               std::span<const std::int64_t> named, Deadline deadline) {
  Result<std::vector<std::int64_t>> ids = tidy_ids(kGap, named);
  if (!ids) return std::move(ids).error();
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  Result<std::vector<GapRow>> gaps = (*deciding)->gaps(*ids);
  if (!gaps) return std::move(gaps).error();
  WEIR_TRY(check_all_open(kGap, *ids, *gaps));
  Result<std::vector<HoleRow>> holes = holes_inside(**deciding, *gaps);
  if (!holes) return std::move(holes).error();
  WEIR_TRY((*deciding)->accept_gaps(*ids, decision));
  if (!holes->empty()) WEIR_TRY((*deciding)->accept_holes(ids_of(*holes), decision));
  std::vector<std::string> lines;
  for (const GapRow& gap : *gaps) lines.push_back(line_of(gap));
  for (const HoleRow& hole : *holes) lines.push_back(line_of(hole));
  return deciding->finish({"gaps accept", detail_of(*gaps, *holes), worth_of(*gaps, *holes)},
                          std::move(lines));
}

Result<Resolution> accept_holes(OperatorStore& store, const Decision& decision,
                                std::span<const std::int64_t> named, Deadline deadline) {
  Result<std::vector<std::int64_t>> ids = tidy_ids(kHole, named);
  if (!ids) return std::move(ids).error();
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  Result<std::vector<HoleRow>> holes = (*deciding)->holes(*ids);
  if (!holes) return std::move(holes).error();
  WEIR_TRY(check_all_open(kHole, *ids, *holes));
  WEIR_TRY((*deciding)->accept_holes(*ids, decision));
  std::vector<std::string> lines;
  for (const HoleRow& hole : *holes) lines.push_back(line_of(hole));
  return deciding->finish({"holes accept", detail_of({}, *holes), worth_of(*holes)},
                          std::move(lines));
}

Result<Resolution> clear_flags(OperatorStore& store, const Decision& decision,
                               std::span<const std::int64_t> named, Deadline deadline) {
  Result<std::vector<std::int64_t>> ids = tidy_ids(kFlag, named);
  if (!ids) return std::move(ids).error();
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  Result<std::vector<FlagRow>> flags = (*deciding)->flags(*ids);
  if (!flags) return std::move(flags).error();
  WEIR_TRY(check_all_open(kFlag, *ids, *flags));
  std::vector<std::string> lines;
  for (const FlagRow& flag : *flags) {
    if (flag.kind == "lineage") {
      return Error{ErrorCode::conflict,
                   "flag " + std::to_string(flag.id) +
                       " says that the log is another one; clearing it would bill from two logs",
                   "weir-quota lineage show, then confirm it (the old log is back) or adopt it"};
    }
    lines.push_back("flag " + std::to_string(flag.id) + " cleared: " + flag.kind + ", " +
                    flag.what);
  }
  WEIR_TRY((*deciding)->clear_flags(*ids, decision));
  return deciding->finish({"flags clear", detail_of(*flags), ""}, std::move(lines));
}

Result<Resolution> retire_producer(OperatorStore& store, const Decision& decision,
                                   const std::string& name, Deadline deadline) {
  if (decision.by == "seal") {
    return Error{ErrorCode::invalid, "an operator cannot be called seal: an END is recorded so",
                 "say --by with another name"};
  }
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  Result<std::optional<ProducerRow>> producer = (*deciding)->producer(name);
  if (!producer) return std::move(producer).error();
  const Naming naming{"producer", "weir-quota producers list"};
  if (!*producer) {
    return Error{ErrorCode::not_found, "there is no producer " + name,
                 std::string(naming.list) + " shows them"};
  }
  if (!(*producer)->settled.open()) return settled_already(naming, name, (*producer)->settled);
  Result<std::vector<ContiguousNumber>> numbers = (*deciding)->numbers(name);
  if (!numbers) return std::move(numbers).error();
  const std::vector<EpochNumbers> final = vectors_of((*producer)->epoch, *numbers);
  WEIR_TRY((*deciding)->end_producer(name, final, decision));
  const std::string said = write_numbers(final);
  return deciding->finish(
      {"producers retire", detail_of(**producer, final), "final numbers " + said},
      {"producer " + name + " retired; accepted as its last numbers: " + said,
       "anything above them, or a new epoch, raises a flag and registers it again"});
}

}  // namespace weir
