#include "tests/simulation/database/memory_ingest.h"

#include "base/time.h"
#include "quota/postgres_store.h"
#include "tests/simulation/database/memory_store.h"

#include <limits>

namespace weir::simulation {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::tuple<std::string, SpanKey, std::string> key_of(const Generation& g) {
  return {g.volume_id, {g.incarnation, g.partition, g.from_offset, g.to_offset}, g.digest};
}

void raise_to(std::optional<std::int64_t>& stored, std::optional<std::int64_t> value) {
  if (value && (!stored || *stored < *value)) stored = value;
}

void add_counts(RangeCounts& sum, const RangeCounts& more) {
  sum.received += more.received;
  sum.applied += more.applied;
  sum.duplicate += more.duplicate;
  sum.quarantined += more.quarantined + more.dropped;
  sum.unprovable += more.unprovable;
  sum.unnumbered += more.unnumbered;
}

}  // namespace

Result<bool> MemoryIngest::advance_progress(Incarnation incarnation, PartitionId partition,
                                            Offset a, Offset b) {
  return session_.run("quota.advance_progress", [&] {
    return quota_.progress.update(
        session_, {incarnation.value, partition.value},
        [&](const ProgressRow& row) { return row.next == a.value && !row.ended_at_us; },
        [&](ProgressRow& row) { row.next = b.value; });
  });
}

Result<std::int64_t> MemoryIngest::read_closed_until() {
  return session_.run("quota.read_closed_until", [&]() -> Result<std::int64_t> {
    return *quota_.frozen.find(session_, kOne);
  });
}

Result<std::int64_t> MemoryIngest::read_catalog_version() {
  return session_.run("quota.read_catalog_version", [&]() -> Result<std::int64_t> {
    std::int64_t version = 0;
    quota_.catalog.each(session_, [&](std::int64_t of, const CatalogRow&) { version = of; });
    return version;
  });
}

Result<std::vector<std::string>> MemoryIngest::add_usage(Incarnation incarnation,
                                                         const UsageDeltas& deltas) {
  return session_.run("quota.add_usage", [&]() -> Result<std::vector<std::string>> {
    std::vector<std::string> saturated;
    for (std::size_t i = 0; i < deltas.size(); ++i) {
      const UsageKey key{deltas.tenant[i], deltas.subscription[i], deltas.meter[i],
                         deltas.bucket_us[i], incarnation.value};
      const std::int64_t units = deltas.units[i];
      bool full = false;
      WEIR_TRY(quota_.usage.upsert(session_, key, units, [&](std::int64_t& sum, bool found) {
        if (found) sum = sum > kMost - units ? kMost : sum + units;
        full = sum == kMost;
      }));
      if (!full) continue;
      saturated.push_back(std::get<0>(key) + "/" + std::get<1>(key) + "/" + std::get<2>(key) +
                          " at " + format_rfc3339(deltas.bucket_us[i]));
    }
    return saturated;
  });
}

Status MemoryIngest::add_adjustments(Incarnation incarnation, const UsageDeltas& deltas) {
  return session_.run("quota.add_adjustments", [&]() -> Status {
    for (std::size_t i = 0; i < deltas.size(); ++i) {
      WEIR_TRY(quota_.adjustment.insert_new(
          session_, ++quota_.adjustment_ids,
          {std::string(deltas.tenant[i]), std::string(deltas.subscription[i]),
           std::string(deltas.meter[i]), deltas.bucket_us[i], deltas.units[i], incarnation.value,
           session_.now_us(), std::nullopt}));
    }
    return {};
  });
}

Status MemoryIngest::add_quarantine_records(Incarnation incarnation,
                                            std::span<const Quarantined> rows) {
  return session_.run("quota.add_quarantine_records", [&]() -> Status {
    for (const Quarantined& row : rows) {
      WEIR_TRY(quota_.quarantine_record.insert(
          session_, {incarnation.value, row.partition.value, row.offset.value},
          {quota_.deployment.find(session_, kOne)->topic, row.append_time.value,
           database_text(row.content_type), row.raw}));
    }
    return {};
  });
}

Status MemoryIngest::add_quarantine(Incarnation incarnation, std::span<const Quarantined> rows) {
  return session_.run("quota.add_quarantine", [&]() -> Status {
    for (const Quarantined& row : rows) {
      const RecordKey record{incarnation.value, row.partition.value, row.offset.value};
      if (quota_.quarantine_record.find(session_, record) == nullptr) {
        return foreign_key_violation();
      }
      QuarantineRow entry;
      entry.id = ++quota_.quarantine_ids;
      entry.reason = database_text(row.reason);
      entry.field = database_text(row.field);
      entry.detail = database_text(row.detail);
      entry.opened_at_us = session_.now_us();
      const std::int64_t number = row.whole ? -1 : std::int64_t{row.row};
      WEIR_TRY(quota_.quarantine.insert(
          session_, {incarnation.value, row.partition.value, row.offset.value, number}, entry));
    }
    return {};
  });
}

Status MemoryIngest::add_gaps(Incarnation incarnation, std::span<const Gap> gaps) {
  return session_.run("quota.add_gaps", [&]() -> Status {
    for (const Gap& gap : gaps) {
      if (gap.from >= gap.to) {
        return check_violation();
      }
      GapRow row;
      row.id = ++quota_.gap_ids;
      row.reason = database_text(gap.reason);
      row.opened_at_us = session_.now_us();
      WEIR_TRY(quota_.gap.insert(
          session_, {incarnation.value, gap.partition.value, gap.from.value, gap.to.value}, row));
    }
    return {};
  });
}

Status MemoryIngest::add_unprovable(std::span<const Unprovable> rows) {
  return session_.run("quota.add_unprovable", [&]() -> Status {
    for (const Unprovable& of : rows) {
      UnprovableRow row;
      row.id = ++quota_.unprovable_ids;
      row.incarnation = of.address.incarnation.value;
      row.partition = of.partition.value;
      row.record_offset = of.address.offset.value;
      row.row = of.address.row;
      row.event_time_us = of.time.value;
      row.append_time_us = of.append_time.value;
      row.tenant = of.tenant;
      row.subscription = of.subscription;
      row.source = of.source;
      row.bucket_us = of.bucket_us;
      row.meters.assign(of.meters.begin(), of.meters.end());
      row.units = of.units;
      row.opened_at_us = session_.now_us();
      WEIR_TRY(
          quota_.unprovable.insert(session_, {of.identity.high, of.identity.low}, std::move(row)));
    }
    return {};
  });
}

Status MemoryIngest::add_flag(Incarnation incarnation, std::optional<PartitionId> partition,
                              const std::string& kind, const std::string& what) {
  return session_.run("quota.add_flag", [&] {
    FlagRow flag;
    flag.kind = kind;
    flag.incarnation = incarnation.value;
    if (partition) flag.partition = partition->value;
    flag.what = database_text(what);
    return insert_flag(session_, quota_, std::move(flag));
  });
}

Status MemoryIngest::name_generations(std::span<const Generation> generations) {
  return session_.run("quota.name_generations", [&]() -> Status {
    for (const Generation& g : generations) {
      WEIR_TRY(quota_.generation.insert(session_, key_of(g), g));
    }
    return {};
  });
}

Status MemoryIngest::forget_generations(std::span<const Generation> generations) {
  return session_.run("quota.forget_generations", [&]() -> Status {
    for (const Generation& g : generations) {
      WEIR_TRY(quota_.generation.erase(session_, key_of(g)));
    }
    return {};
  });
}

Status MemoryIngest::record_progress(Incarnation incarnation,
                                     std::span<const ProgressFacts> facts) {
  return session_.run("quota.record_progress", [&]() -> Status {
    for (const ProgressFacts& fact : facts) {
      const Range& range = *fact.range;
      const auto change = [&](ProgressRow& row) {
        if (range.anchor) row.anchor = range.anchor;
        const std::int64_t whole_from_us = range.horizon_from.value + row.restamp_window_us;
        const bool short_window =
            range.horizon_from.value > 0 && row.newest_append_us.value_or(0) < whole_from_us;
        if (short_window) raise_to(row.restamp_short_until_us, whole_from_us);
        if (range.newest_append) raise_to(row.newest_append_us, range.newest_append->value);
        if (range.caught_up_at) {
          raise_to(row.caught_up_at_us, range.caught_up_at->value);
          raise_to(row.complete_through_us, range.caught_up_at->value - grace_.count());
        }
        row.horizon_from_us = range.horizon_from.value;
        row.applied_at_us = session_.now_us();
        add_counts(row.counts, range.counts);
        row.adjusted += fact.adjusted;
        row.unsubscribed += fact.unsubscribed;
      };
      const Result<bool> changed = quota_.progress.update(
          session_, {incarnation.value, range.partition.value},
          [](const ProgressRow&) { return true; }, change);
      if (!changed) return changed.error();
      WEIR_CHECK(*changed);
    }
    return {};
  });
}

}  // namespace weir::simulation
