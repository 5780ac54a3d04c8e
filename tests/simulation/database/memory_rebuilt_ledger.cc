#include "tests/simulation/database/memory_rebuilt_ledger.h"

#include "tests/simulation/database/memory_operator.h"
#include "tests/simulation/database/memory_store.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

namespace weir::simulation {
namespace {

constexpr const char* kUnderWay = "a rebuild of this ledger is under way";

using SumKey = std::tuple<std::string, std::string, std::string, std::int64_t>;

FlagRow rebuild_flag(const Session& session, const Quota& quota, const std::string& what) {
  FlagRow flag;
  flag.kind = "rebuild";
  flag.incarnation = quota.deployment.find(session, kOne)->incarnation.value;
  flag.what = what;
  flag.opened_at_us = session.now_us();
  return flag;
}

/// The row's id.
Result<std::int64_t> put_lost_row(Session& session, Quota& quota, const PastSplit& split) {
  const Deployment& deployment = *quota.deployment.find(session, kOne);
  const RecordKey record{deployment.incarnation.value, split.partition.value, split.offset.value};
  WEIR_TRY(quota.quarantine_record.insert(session, record, {deployment.topic, 0, "", ""}));
  QuarantineRow row;
  row.id = ++quota.quarantine_ids;
  row.reason = "lost";
  row.detail = "the log no longer reaches back to the record";
  row.opened_at_us = session.now_us();
  WEIR_TRY(quota.quarantine.insert(
      session, {deployment.incarnation.value, split.partition.value, split.offset.value, split.row},
      row));
  return row.id;
}

Result<std::vector<LateSum>> assign(Session& session, Quota& quota, const CloseVector& close) {
  std::map<SumKey, std::int64_t> sums;
  for (const LateSum& sum : close.late) {
    sums[{sum.tenant, sum.subscription, sum.meter, sum.bucket_us}] = 0;
  }
  const auto key_of = [](const AdjustmentEntry& row) {
    return SumKey{row.tenant, row.subscription, row.meter, row.bucket_us};
  };
  const auto assigned = quota.adjustment.update_all(
      session,
      [&](std::int64_t, const AdjustmentEntry& row) {
        return !row.close_id && sums.contains(key_of(row));
      },
      [&](std::int64_t, AdjustmentEntry& row) {
        row.close_id = close.id;
        sums[key_of(row)] += row.units;
      });
  if (!assigned) return assigned.error();
  std::vector<LateSum> out;
  for (const auto& [key, units] : sums) {
    const auto& [tenant, subscription, meter, bucket_us] = key;
    out.push_back({tenant, subscription, meter, bucket_us, units});
  }
  return out;
}

std::vector<CutCounts> cut_of(const Session& session, const Quota& quota) {
  const std::int32_t incarnation = quota.deployment.find(session, kOne)->incarnation.value;
  std::vector<CutCounts> cut;
  quota.progress.each(session, [&](const ProgressKey& key, const ProgressRow& row) {
    if (key.first != incarnation) return;
    cut.push_back({key.second, row.next, row.counts.received, row.counts.applied,
                   row.counts.duplicate, row.counts.quarantined, row.counts.unprovable,
                   row.adjusted});
  });
  return cut;
}

Status add_audit(Session& session, Quota& quota, const PastDecision& past) {
  return quota.audit.insert_new(
      session, ++quota.audit_ids,
      {past.at_us, past.actor, past.action, past.detail, past.reason, past.worth});
}

}  // namespace

Status MemoryRebuiltLedger::begin(Deadline) {
  return Session::once(database_.server(), "rebuild.begin", [&](Session& session) -> Status {
    bool empty = *quota().frozen.find(session, kOne) == 0;
    quota().progress.each(session, [&](const ProgressKey&, const ProgressRow& row) {
      empty = empty && row.next == 0;
    });
    quota().usage.each(session, [&](const UsageKey&, std::int64_t) { empty = false; });
    quota().adjustment.each(session, [&](auto, const AdjustmentEntry&) { empty = false; });
    if (!empty) return Error{ErrorCode::config, "the quota database is not empty", ""};
    return insert_flag(session, quota(), rebuild_flag(session, quota(), kUnderWay));
  });
}

Result<RebuiltCut> MemoryRebuiltLedger::close(const CloseVector& close, Deadline) {
  return Session::once(
      database_.server(), "rebuild.close", [&](Session& session) -> Result<RebuiltCut> {
        const Error no_edge{ErrorCode::config, "the close ends on no bucket edge", ""};
        if (close.t_us % quota().deployment.find(session, kOne)->bucket.count() != 0) {
          return no_edge;
        }
        const auto moved = quota().frozen.update(
            session, kOne, [&](std::int64_t stands) { return stands < close.t_us; },
            [&](std::int64_t& closed_until_us) { closed_until_us = close.t_us; });
        if (!moved) return moved.error();
        if (!*moved) return no_edge;
        auto late = assign(session, quota(), close);
        if (!late) return late.error();
        return RebuiltCut{cut_of(session, quota()), *std::move(late)};
      });
}

Status MemoryRebuiltLedger::split(const PastSplit& split, Deadline) {
  return Session::once(database_.server(), "rebuild.split", [&](Session& session) -> Status {
    const auto here = [&](const SpanKey& key, const QuarantineRow&) {
      return std::get<1>(key) == split.partition.value && std::get<2>(key) == split.offset.value &&
             std::get<3>(key) == split.row;
    };
    std::optional<std::int64_t> parent;
    quota().quarantine.each(session, [&](const SpanKey& key, const QuarantineRow& row) {
      if (here(key, row)) parent = row.id;
    });
    if (!parent && split.lost) {
      auto made = put_lost_row(session, quota(), split);
      if (!made) return made.error();
      parent = *made;
    }
    if (!parent) return Error{ErrorCode::integrity, "now it is not quarantined", ""};
    for (const PastSplit::Child& child : split.children) {
      RedriveRow row;
      row.quarantine_id = *parent;
      row.partition = static_cast<std::int32_t>(child.partition);
      row.event = child.event;
      row.made_at_us = split.decision.at_us;
      if (split.discarded.contains(child.id)) {
        row.state = "discarded";
        row.decided_at_us = split.discard->at_us;
      }
      WEIR_TRY(quota().redrive.insert_new(session, child.id, std::move(row)));
      quota().redrive_ids = std::max(quota().redrive_ids, child.id);
    }
    if (split.discard) {
      WEIR_TRY(
          quota().quarantine.update_all(session, here, [&](const SpanKey&, QuarantineRow& row) {
            row.resolved_at_us = split.discard->at_us;
            row.resolution = "discarded";
            row.resolved_by = split.discard->actor;
            row.resolved_reason = split.discard->reason;
          }));
    }
    return add_audit(session, quota(), split.decision);
  });
}

Status MemoryRebuiltLedger::record(const PastDecision& decision, Deadline) {
  return Session::once(database_.server(), "rebuild.record",
                       [&](Session& session) { return add_audit(session, quota(), decision); });
}

Status MemoryRebuiltLedger::end(const std::vector<std::string>& differences, Deadline) {
  return Session::once(database_.server(), "rebuild.end", [&](Session& session) -> Status {
    for (const std::string& difference : differences) {
      WEIR_TRY(insert_flag(session, quota(), rebuild_flag(session, quota(), difference)));
    }
    WEIR_TRY(quota().flag.update_all(
        session,
        [](std::int64_t, const FlagRow& row) {
          return row.open() && row.kind == "rebuild" && row.what == kUnderWay;
        },
        [&](std::int64_t, FlagRow& row) {
          row.cleared_at_us = session.now_us();
          row.cleared_by = "weir-quota rebuild";
          row.cleared_reason = "done";
        }));
    return {};
  });
}

template <class Table, class Id>
RebuiltLedger::Ids MemoryRebuiltLedger::find(const Table& table, Id id) {
  return Session::once(database_.server(), "rebuild.find", [&](Session& session) -> Ids {
    std::vector<std::int64_t> ids;
    table.each(session, [&](const auto& key, const auto& row) {
      const std::optional<std::int64_t> one = id(key, row);
      if (one) ids.push_back(*one);
    });
    std::sort(ids.begin(), ids.end());
    return ids;
  });
}

using Id = std::optional<std::int64_t>;

RebuiltLedger::Ids MemoryRebuiltLedger::find_quarantine(std::int64_t partition, std::int64_t offset,
                                                        std::int64_t row_of, Deadline) {
  return find(quota().quarantine, [&](const SpanKey& key, const QuarantineRow& row) -> Id {
    const bool here = std::get<1>(key) == partition && std::get<2>(key) == offset &&
                      std::get<3>(key) == row_of && !row.resolved_at_us;
    return here ? Id(row.id) : std::nullopt;
  });
}

RebuiltLedger::Ids MemoryRebuiltLedger::find_unprovable(std::string_view identity, Deadline) {
  return find(quota().unprovable, [&](const auto& key, const UnprovableRow& row) -> Id {
    return hex_of(key) == identity && !row.accepted_at_us ? Id(row.id) : std::nullopt;
  });
}

RebuiltLedger::Ids MemoryRebuiltLedger::find_holes(const PastHole& hole, Deadline) {
  return find(quota().hole, [&](std::int64_t id, const HoleRow& row) -> Id {
    const bool within = row.producer == hole.producer && row.epoch == hole.epoch &&
                        row.partition == hole.partition && row.from_number >= hole.from &&
                        row.to_number <= hole.to && row.open();
    return within ? Id(id) : std::nullopt;
  });
}

RebuiltLedger::Ids MemoryRebuiltLedger::find_gaps(std::int64_t partition, std::int64_t from,
                                                  std::int64_t to, Deadline) {
  return find(quota().gap, [&](const SpanKey& key, const GapRow& row) -> Id {
    const bool here = std::get<1>(key) == partition && std::get<2>(key) == from &&
                      std::get<3>(key) == to && !row.accepted_at_us;
    return here ? Id(row.id) : std::nullopt;
  });
}

RebuiltLedger::Ids MemoryRebuiltLedger::find_flags(std::string_view kind, std::string_view what,
                                                   Deadline) {
  return find(quota().flag, [&](std::int64_t id, const FlagRow& row) -> Id {
    const bool same = row.kind == kind && row.what == what && row.kind != "lineage" && row.open();
    return same ? Id(id) : std::nullopt;
  });
}

}  // namespace weir::simulation
