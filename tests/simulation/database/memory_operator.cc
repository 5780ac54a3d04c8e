// Of the operator's transaction: its frame, single events, and a new incarnation
// (quota/operator/postgres_operator.cc, postgres_operator_adopt.cc).
#include "tests/simulation/database/memory_operator.h"

#include "quota/postgres_store.h"

#include <algorithm>
#include <cstdio>

namespace weir::simulation {
namespace {

bool among(std::span<const std::int64_t> ids, std::int64_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

std::string hex_of(const std::array<std::uint64_t, 2>& identity) {
  char out[33];
  std::snprintf(out, sizeof out, "%016lx%016lx", identity[0], identity[1]);
  return out;
}

weir::ProgressRow progress_of(const ProgressKey& key, const ProgressRow& row) {
  weir::ProgressRow out;
  out.partition = PartitionId{key.second};
  out.next = Offset{row.next};
  out.anchor = row.anchor;
  if (row.newest_append_us) out.newest_append = AppendTime{*row.newest_append_us};
  out.horizon_from = AppendTime{row.horizon_from_us};
  out.horizon_us = row.horizon_us;
  out.restamp_window_us = row.restamp_window_us;
  if (row.unheld_until_us) out.unheld_until = AppendTime{*row.unheld_until_us};
  return out;
}

Result<std::int64_t> MemoryOperator::hold_closed_until() {
  return session_.run("operator.hold_closed_until", [&]() -> Result<std::int64_t> {
    const auto row = quota_.frozen.lock(session_, kOne, Strength::share);
    if (!row) return row.error();
    return **row;
  });
}

Result<std::int64_t> MemoryOperator::add_audit(const AuditEntry& entry, const Decision& decision) {
  return session_.run("operator.add_audit", [&]() -> Result<std::int64_t> {
    const std::int64_t id = ++quota_.audit_ids;
    WEIR_TRY(quota_.audit.insert_new(session_, id,
                                     {session_.now_us(), database_text(decision.by), entry.action,
                                      entry.detail, database_text(decision.reason), entry.worth}));
    return id;
  });
}

Result<std::vector<weir::QuarantineRow>> MemoryOperator::quarantine(
    std::span<const std::int64_t> ids) {
  return session_.run("operator.quarantine", [&] {
    return lock_in_order(
        session_, quota_.quarantine,
        [&](const SpanKey&, const QuarantineRow& row) { return among(ids, row.id); },
        [](const SpanKey&, const QuarantineRow& row) { return row.id; },
        [](const SpanKey& key, const QuarantineRow& row) {
          weir::QuarantineRow out;
          out.id = row.id;
          out.incarnation = Incarnation{std::get<0>(key)};
          out.partition = PartitionId{std::get<1>(key)};
          out.offset = Offset{std::get<2>(key)};
          out.row = std::get<3>(key);
          out.reason = row.reason;
          if (row.resolved_at_us) out.settled = {row.resolved_by, row.resolution};
          return out;
        });
  });
}

Status MemoryOperator::resolve_quarantine(std::span<const std::int64_t> ids,
                                          const std::string& resolution, const Decision& decision) {
  return session_.run("operator.resolve_quarantine", [&]() -> Status {
    WEIR_TRY(quota_.quarantine.update_all(
        session_,
        [&](const SpanKey&, const QuarantineRow& row) {
          return among(ids, row.id) && !row.resolved_at_us;
        },
        [&](const SpanKey&, QuarantineRow& row) {
          row.resolved_at_us = session_.now_us();
          row.resolution = resolution;
          row.resolved_by = database_text(decision.by);
          row.resolved_reason = database_text(decision.reason);
        }));
    return {};
  });
}

Result<std::vector<weir::RedriveRow>> MemoryOperator::redrives(
    std::span<const std::int64_t> quarantine_ids) {
  return session_.run("operator.redrives", [&] {
    return lock_in_order(
        session_, quota_.redrive,
        [&](std::int64_t, const RedriveRow& row) {
          return among(quarantine_ids, row.quarantine_id);
        },
        [](std::int64_t id, const RedriveRow&) { return id; },
        [](std::int64_t id, const RedriveRow& row) {
          return weir::RedriveRow{id, row.quarantine_id, PartitionId{row.partition}, row.event,
                                  row.state};
        });
  });
}

Result<std::vector<std::int64_t>> MemoryOperator::add_redrives(
    std::int64_t quarantine_id, std::span<const NewRedrive> children) {
  return session_.run("operator.add_redrives", [&]() -> Result<std::vector<std::int64_t>> {
    bool known = false;
    quota_.quarantine.each(session_, [&](const SpanKey&, const QuarantineRow& row) {
      known = known || row.id == quarantine_id;
    });
    std::vector<std::int64_t> ids;
    for (const NewRedrive& child : children) {
      if (!known) return foreign_key_violation();
      RedriveRow row;
      row.quarantine_id = quarantine_id;
      row.partition = child.partition.value;
      row.event = child.event;
      row.made_at_us = session_.now_us();
      ids.push_back(++quota_.redrive_ids);
      WEIR_TRY(quota_.redrive.insert_new(session_, ids.back(), std::move(row)));
    }
    return ids;
  });
}

Result<std::vector<std::int64_t>> MemoryOperator::discard_redrives(
    std::span<const std::int64_t> quarantine_ids) {
  return session_.run("operator.discard_redrives", [&]() -> Result<std::vector<std::int64_t>> {
    std::vector<std::int64_t> ids;
    WEIR_TRY(quota_.redrive.update_all(
        session_,
        [&](std::int64_t, const RedriveRow& row) {
          return among(quarantine_ids, row.quarantine_id) && row.state == "open";
        },
        [&](std::int64_t id, RedriveRow& row) {
          row.state = "discarded";
          row.decided_at_us = session_.now_us();
          ids.push_back(id);
        }));
    return ids;
  });
}

Result<std::vector<weir::UnprovableRow>> MemoryOperator::unprovable(
    std::span<const std::int64_t> ids) {
  return session_.run("operator.unprovable", [&] {
    return lock_in_order(
        session_, quota_.unprovable,
        [&](const auto&, const UnprovableRow& row) { return among(ids, row.id); },
        [](const auto&, const UnprovableRow& row) { return row.id; },
        [](const std::array<std::uint64_t, 2>& identity, const UnprovableRow& row) {
          weir::UnprovableRow out;
          out.id = row.id;
          out.identity = hex_of(identity);
          out.incarnation = Incarnation{row.incarnation};
          out.partition = PartitionId{row.partition};
          out.offset = Offset{row.record_offset};
          out.row = row.row;
          out.tenant = row.tenant;
          out.subscription = row.subscription;
          out.bucket_us = row.bucket_us;
          out.meters = row.meters;
          out.units = row.units;
          if (row.accepted_at_us) {
            out.settled = {row.accepted_by,
                           row.resolution.empty() ? std::string("accepted") : row.resolution};
          }
          return out;
        });
  });
}

Status MemoryOperator::resolve_unprovable(std::span<const std::int64_t> ids,
                                          const std::string& resolution, const Decision& decision) {
  return session_.run("operator.resolve_unprovable", [&]() -> Status {
    WEIR_TRY(quota_.unprovable.update_all(
        session_,
        [&](const auto&, const UnprovableRow& row) {
          return among(ids, row.id) && !row.accepted_at_us;
        },
        [&](const auto&, UnprovableRow& row) {
          row.accepted_at_us = session_.now_us();
          row.resolution = resolution;
          row.accepted_by = database_text(decision.by);
          row.accepted_reason = database_text(decision.reason);
        }));
    return {};
  });
}

Status MemoryOperator::add_adjustments(std::span<const weir::UnprovableRow> rows) {
  return session_.run("operator.add_adjustments", [&]() -> Status {
    for (const weir::UnprovableRow& row : rows) {
      for (std::size_t i = 0; i < row.meters.size(); ++i) {
        WEIR_TRY(quota_.adjustment.insert_new(
            session_, ++quota_.adjustment_ids,
            {row.tenant, row.subscription, row.meters[i], row.bucket_us, row.units[i],
             row.incarnation.value, session_.now_us(), std::nullopt}));
      }
    }
    return {};
  });
}

Result<std::pair<Incarnation, std::int32_t>> MemoryOperator::incarnation() {
  using Out = std::pair<Incarnation, std::int32_t>;
  return session_.run("operator.incarnation", [&]() -> Result<Out> {
    const auto row = quota_.deployment.lock(session_, kOne, Strength::update);
    if (!row) return row.error();
    return Out{(*row)->incarnation, (*row)->partitions};
  });
}

Result<std::vector<weir::ProgressRow>> MemoryOperator::end_progress(Incarnation incarnation) {
  return session_.run("operator.end_progress", [&]() -> Result<std::vector<weir::ProgressRow>> {
    std::vector<weir::ProgressRow> out;
    const auto ended = quota_.progress.update_all(
        session_,
        [&](const ProgressKey& key, const ProgressRow&) { return key.first == incarnation.value; },
        [&](const ProgressKey& key, ProgressRow& row) {
          row.ended_at_us = session_.now_us();
          out.push_back(progress_of(key, row));
        },
        Strength::update);
    if (!ended) return ended.error();
    return out;
  });
}

Status MemoryOperator::begin_incarnation(const NewIncarnation& begun, const Decision& decision) {
  return session_.run("operator.begin_incarnation", [&]() -> Status {
    const auto count = static_cast<std::int32_t>(begun.starts.size());
    std::vector<Offset> starts;
    std::optional<std::int64_t> short_until_us;
    quota_.progress.each(session_, [&](const ProgressKey& key, const ProgressRow& row) {
      if (key.first != begun.incarnation.value - 1 || !row.restamp_short_until_us) return;
      short_until_us = std::max(short_until_us.value_or(0), *row.restamp_short_until_us);
    });
    for (const IncarnationStart& start : begun.starts) {
      starts.push_back(start.start);
      ProgressRow row;
      row.next = start.start.value;
      row.anchor = start.anchor;
      if (start.unheld_until) row.unheld_until_us = start.unheld_until->value;
      row.horizon_us = start.horizon_us;
      row.restamp_window_us = start.restamp_window_us;
      row.restamp_short_until_us = short_until_us;
      if (start.newest_append) row.newest_append_us = start.newest_append->value;
      row.applied_at_us = session_.now_us();
      WEIR_TRY(quota_.progress.insert_new(
          session_, {begun.incarnation.value, start.partition.value}, std::move(row)));
    }
    WEIR_TRY(quota_.incarnation.insert_new(
        session_, begun.incarnation.value,
        {begun.topic, count, session_.now_us(), begun.why, database_text(decision.by),
         database_text(decision.reason), std::move(starts), begun.inherits}));
    if (begun.inherits) WEIR_TRY(forget_generations_before(begun.incarnation));
    WEIR_TRY(quota_.deployment.update(
        session_, kOne, [](const Deployment&) { return true; },
        [&](Deployment& row) {
          row.incarnation = begun.incarnation;
          row.topic = begun.topic;
          row.cluster_id = begun.cluster_id;
          row.partitions = count;
        }));
    return {};
  });
}

Status MemoryOperator::add_gaps(std::span<const NewGap> gaps) {
  return session_.run("operator.add_gaps", [&]() -> Status {
    for (const NewGap& gap : gaps) {
      if (gap.from >= gap.to) return check_violation();
      GapRow row;
      row.id = ++quota_.gap_ids;
      row.reason = gap.reason;
      row.opened_at_us = session_.now_us();
      WEIR_TRY(quota_.gap.insert_new(
          session_, {gap.incarnation.value, gap.partition.value, gap.from.value, gap.to.value},
          std::move(row)));
    }
    return {};
  });
}

}  // namespace weir::simulation
