// Decisions about single events and records: quarantine, redrive, unprovable.
#include "base/crash_point.h"
#include "quota/operator/deciding.h"
#include "quota/operator/detail.h"

namespace weir {
namespace {

constexpr Naming kQuarantine{"quarantine row", "weir-quota quarantine list"};
constexpr Naming kUnprovable{"unprovable event", "weir-quota unprovable list"};

std::string place_of(const QuarantineRow& row) {
  std::string place = "partition " + std::to_string(row.partition.value) + " offset " +
                      std::to_string(row.offset.value);
  if (row.row >= 0) place += " event " + std::to_string(row.row);
  return place;
}

std::vector<RedriveRow> open_ones(std::span<const RedriveRow> children) {
  std::vector<RedriveRow> open;
  for (const RedriveRow& child : children) {
    if (child.open()) open.push_back(child);
  }
  return open;
}

Result<Split> split_now(Deciding& deciding, const QuarantineRow& parent,
                        std::span<const NewRedrive> children) {
  if (children.empty()) {
    return Error{ErrorCode::invalid,
                 "quarantine row " + std::to_string(parent.id) + " has no event to redrive",
                 "hand over the mended event or events: --file MENDED"};
  }
  Result<std::vector<std::int64_t>> ids = deciding->add_redrives(parent.id, children);
  if (!ids) return std::move(ids).error();
  WEIR_CHECK(ids->size() == children.size());
  Split split;
  std::vector<std::string> lines = {"quarantine row " + std::to_string(parent.id) + " (" +
                                    place_of(parent) + ") is split into " +
                                    count_of(children.size(), "event")};
  for (std::size_t i = 0; i < children.size(); ++i) {
    split.to_send.push_back(
        {(*ids)[i], parent.id, children[i].partition, children[i].event, "open"});
  }
  Result<Resolution> done =
      deciding.finish({"quarantine redrive", detail_of_split(parent, children, *ids),
                       count_of(children.size(), "event")},
                      std::move(lines));
  if (!done) return std::move(done).error();
  WEIR_CRASH_POINT("redrive.after_split");
  split.resolution = *std::move(done);
  return split;
}

Result<Resolution> resolve_unprovable(OperatorStore& store, const Decision& decision,
                                      std::span<const std::int64_t> named, bool accept,
                                      Deadline deadline) {
  Result<std::vector<std::int64_t>> ids = tidy_ids(kUnprovable, named);
  if (!ids) return std::move(ids).error();
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  Result<std::vector<UnprovableRow>> rows = (*deciding)->unprovable(*ids);
  if (!rows) return std::move(rows).error();
  WEIR_TRY(check_all_open(kUnprovable, *ids, *rows));
  if (accept) WEIR_TRY((*deciding)->add_adjustments(*rows));
  WEIR_TRY((*deciding)->resolve_unprovable(*ids, accept ? "accepted" : "discarded", decision));
  const std::string line = count_of(rows->size(), "unprovable event") +
                           (accept ? " accepted: the next close that invoices or amends their "
                                     "period bills them"
                                   : " discarded: they are never billed");
  return deciding->finish({accept ? "unprovable accept" : "unprovable discard",
                           detail_of(*rows, deciding->closed_until_us()), worth_of(*rows)},
                          {line});
}

}  // namespace

Result<Resolution> discard_quarantine(OperatorStore& store, const Decision& decision,
                                      std::span<const std::int64_t> named, Deadline deadline) {
  Result<std::vector<std::int64_t>> ids = tidy_ids(kQuarantine, named);
  if (!ids) return std::move(ids).error();
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  Result<std::vector<QuarantineRow>> rows = (*deciding)->quarantine(*ids);
  if (!rows) return std::move(rows).error();
  WEIR_TRY(check_all_open(kQuarantine, *ids, *rows));
  Result<std::vector<std::int64_t>> on_their_way = (*deciding)->discard_redrives(*ids);
  if (!on_their_way) return std::move(on_their_way).error();
  WEIR_TRY((*deciding)->resolve_quarantine(*ids, "discarded", decision));

  std::vector<std::string> lines = {count_of(rows->size(), "quarantine row") +
                                    " discarded: what stands in them is never billed"};
  if (!on_their_way->empty()) {
    lines.push_back(count_of(on_their_way->size(), "redriven event") +
                    " on the way will be dropped when they arrive");
  }
  return deciding->finish({"quarantine discard", detail_of_discard(*rows, *on_their_way),
                           count_of(rows->size(), "refused row")},
                          std::move(lines));
}

Result<Split> split_redrive(OperatorStore& store, const Decision& decision, std::int64_t id,
                            std::span<const NewRedrive> children, Deadline deadline) {
  const std::int64_t ids[] = {id};
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  Result<std::vector<QuarantineRow>> rows = (*deciding)->quarantine(ids);
  if (!rows) return std::move(rows).error();
  WEIR_TRY(check_all_open(kQuarantine, ids, *rows));
  Result<std::vector<RedriveRow>> present = (*deciding)->redrives(ids);
  if (!present) return std::move(present).error();
  if (present->empty()) return split_now(*deciding, rows->front(), children);
  if (!children.empty()) {
    return Error{ErrorCode::conflict,
                 "quarantine row " + std::to_string(id) + " was split into " +
                     count_of(present->size(), "event") + " before; they stay as they are",
                 "redrive it without --file or --set to send those again that are still open"};
  }
  Split again;
  again.to_send = open_ones(*present);
  again.resolution.lines = {"quarantine row " + std::to_string(id) + " was split before; " +
                            count_of(again.to_send.size(), "event") + " still open"};
  return again;
}

Result<Resolution> accept_unprovable(OperatorStore& store, const Decision& decision,
                                     std::span<const std::int64_t> ids, Deadline deadline) {
  return resolve_unprovable(store, decision, ids, true, deadline);
}

Result<Resolution> discard_unprovable(OperatorStore& store, const Decision& decision,
                                      std::span<const std::int64_t> ids, Deadline deadline) {
  return resolve_unprovable(store, decision, ids, false, deadline);
}

}  // namespace weir
