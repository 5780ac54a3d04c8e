// The ingest transaction's statements about redriven events and kept anchors
// (quota/postgres_redrives.cc).
#include "tests/simulation/database/memory_ingest.h"

#include <algorithm>
#include <set>

namespace weir::simulation {

Result<std::vector<std::int64_t>> MemoryIngest::close_redrives(
    Incarnation incarnation, std::span<const RedriveDecision> decisions) {
  std::set<std::int64_t> parents;
  const auto is_parent = [&](const SpanKey&, const QuarantineRow& row) {
    return parents.contains(row.id);
  };
  if (const auto done = session_.run(
          "quota.lock_parents",
          [&]() -> Status {
            for (const RedriveDecision& decision : decisions) {
              const RedriveRow* child = quota_.redrive.find(session_, decision.child);
              if (child != nullptr) parents.insert(child->quarantine_id);
            }
            WEIR_TRY(quota_.quarantine.lock_all(session_, is_parent, Strength::update));
            return {};
          });
      !done)
    return done.error();
  std::vector<std::int64_t> open;
  if (const auto done =
          session_.run("quota.close_redrives",
                       [&]() -> Status {
                         for (const RedriveDecision& decision : decisions) {
                           const auto closed = quota_.redrive.update(
                               session_, decision.child,
                               [](const RedriveRow& row) { return row.state == "open"; },
                               [&](RedriveRow& row) {
                                 row.state = decision.state;
                                 row.decided_at_us = session_.now_us();
                                 row.at_incarnation = incarnation.value;
                                 row.at_partition = decision.partition.value;
                                 row.at_offset = decision.offset.value;
                               });
                           if (!closed) return closed.error();
                           if (*closed) open.push_back(decision.child);
                         }
                         return {};
                       });
      !done)
    return done.error();
  if (const auto done = session_.run(
          "quota.resolve_parents",
          [&]() -> Status {
            std::set<std::int64_t> waiting;
            quota_.redrive.each(session_, [&](std::int64_t, const RedriveRow& row) {
              if (row.state == "open") waiting.insert(row.quarantine_id);
            });
            WEIR_TRY(quota_.quarantine.update_all(
                session_,
                [&](const SpanKey& key, const QuarantineRow& row) {
                  return is_parent(key, row) && !row.resolved_at_us && !waiting.contains(row.id);
                },
                [&](const SpanKey&, QuarantineRow& row) {
                  row.resolved_at_us = session_.now_us();
                  row.resolution = "redriven";
                }));
            return {};
          });
      !done)
    return done.error();
  return open;
}

Status MemoryIngest::add_dropped(Incarnation incarnation, std::span<const DroppedRedrive> dropped) {
  const auto record_of = [&](const DroppedRedrive& one) {
    return RecordKey{incarnation.value, one.partition.value, one.offset.value};
  };
  if (const auto done =
          session_.run("quota.add_dropped_records",
                       [&]() -> Status {
                         const std::string& topic = quota_.deployment.find(session_, kOne)->topic;
                         for (const DroppedRedrive& one : dropped) {
                           const RedriveRow* child = quota_.redrive.find(session_, one.child);
                           WEIR_TRY(quota_.quarantine_record.insert(
                               session_, record_of(one),
                               {topic, one.append_time.value, "application/json",
                                child == nullptr ? std::string() : child->event}));
                         }
                         return {};
                       });
      !done)
    return done.error();
  return session_.run("quota.add_dropped", [&]() -> Status {
    for (const DroppedRedrive& one : dropped) {
      const bool known = quota_.redrive.find(session_, one.child) != nullptr;
      QuarantineRow fresh;
      fresh.id = ++quota_.quarantine_ids;
      fresh.reason = known ? "redrive_decided" : "redrive_unknown";
      fresh.field = "weir-redrive";
      fresh.detail = "child " + std::to_string(one.child);
      fresh.opened_at_us = session_.now_us();
      if (known) fresh.resolved_at_us = fresh.opened_at_us;
      if (known) fresh.resolution = "dropped";
      const std::int64_t row = one.row ? std::int64_t{*one.row} : -1;
      WEIR_TRY(quota_.quarantine.upsert(
          session_, {incarnation.value, one.partition.value, one.offset.value, row}, fresh,
          [&](QuarantineRow& stands, bool) {
            stands.resolved_at_us = fresh.resolved_at_us;
            stands.resolution = fresh.resolution;
          }));
    }
    return {};
  });
}

Status MemoryIngest::keep_anchor(Incarnation incarnation, PartitionId partition,
                                 const Anchor& anchor) {
  return session_.run("quota.keep_anchor", [&]() -> Status {
    std::vector<RecordKey> old;
    const RecordKey first{incarnation.value, partition.value, INT64_MIN};
    quota_.anchor.each_from(session_, first, [&](const RecordKey& key, const Anchor& row) {
      if (std::get<0>(key) != incarnation.value || std::get<1>(key) != partition.value) {
        return false;
      }
      const bool expired = row.append_time.value < anchor.append_time.value - horizon_.count();
      if (expired) old.push_back(key);
      return true;
    });
    for (const RecordKey& key : old) WEIR_TRY(quota_.anchor.erase(session_, key));
    WEIR_TRY(quota_.anchor.insert(
        session_, {incarnation.value, partition.value, anchor.offset.value}, anchor));
    return {};
  });
}

}  // namespace weir::simulation
