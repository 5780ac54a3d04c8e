// What the world learns from the database as it goes: closes as they come in, and what operators
// accepted as lost before them.
#include "tests/simulation/world.h"

namespace weir::simulation {

/// After every commit of anybody, before the next statement: so the order of decisions and closes is
/// the database's.
void World::note_commits() {
  if (database.server().commits == noted_commits_) return;
  noted_commits_ = database.server().commits;
  // Counted, not numbered: a decision that was rolled back leaves its number unused.
  std::int64_t decisions = 0;
  database.quota().audit.each_committed([&](std::int64_t, const AuditRow&) { ++decisions; });
  if (decisions != noted_audit_) note_decisions();
  noted_audit_ = decisions;
  note_unprovable();
  const Incarnation now = database.quota().deployment.committed(kOne)->incarnation;
  if (now != noted_incarnation_) stream.broken.clear();
  noted_incarnation_ = now;
  const CloseRow* close =
      database.billing().close.committed(static_cast<std::int64_t>(closes_.size()) + 1);
  if (close == nullptr) return;
  SeenClose seen{static_cast<std::int64_t>(closes_.size()) + 1, close->t_us, engine.true_us(), {}};
  database.quota().producer.each_committed([&](const std::string& id, const ProducerRow& row) {
    if (row.ended_by && *row.ended_by != "seal") seen.retired.insert(id);
  });
  closes_.push_back(std::move(seen));
}

void World::note_unprovable() {
  if (database.quota().unprovable_ids == noted_unprovable_) return;
  database.quota().unprovable.each_committed([&](const auto&, const UnprovableRow& row) {
    TrueEvent* event = truth.at_time(row.event_time_us);
    WEIR_CHECK(event != nullptr);
    event->unprovable = true;
    const int life = truth.life(row.partition);
    counted_before.try_emplace(row.id,
                               event->counted_before(row.partition, life, row.record_offset));
  });
  noted_unprovable_ = static_cast<std::int64_t>(counted_before.size());
}

void World::note_decisions() {
  const std::int64_t now = engine.true_us();
  const std::int32_t incarnation = database.quota().deployment.committed(kOne)->incarnation.value;
  database.quota().gap.each_committed([&](const SpanKey& key, const GapRow& gap) {
    const auto& [of, partition, from, to] = key;
    // What an ended incarnation's log held behind its end, nobody knows: its gap stands for all.
    const std::int64_t until = of < incarnation ? INT64_MAX : to;
    if (gap.accepted_at_us) truth.excuse_offsets(partition, from, until, now);
  });
  database.quota().hole.each_committed([&](std::int64_t, const HoleRow& hole) {
    const Numbered from{hole.producer, hole.epoch, hole.partition, hole.from_number};
    if (hole.accepted_at_us) truth.excuse_numbers(from, hole.to_number, now);
  });
  database.quota().quarantine.each_committed([&](const SpanKey& key, const QuarantineRow& row) {
    if (row.resolution != "discarded") return;
    const auto* record = database.quota().quarantine_record.committed(
        {std::get<0>(key), std::get<1>(key), std::get<2>(key)});
    if (record == nullptr) return;
    for (TrueEvent* event : truth.in(record->raw)) truth.excuse(*event, now);
  });
  database.quota().producer.each_committed([&](const std::string& id, const ProducerRow& row) {
    if (row.ended_by && *row.ended_by != "seal") truth.excuse_unsent(id, now);
  });
}

bool World::settled() const { return unsettled_because().empty(); }

std::string World::unsettled_because() const {
  if (closed_until() < kAllPeriodsEnd + kHourUs) {
    return "closed until " + format_rfc3339(closed_until());
  }
  std::string why;
  database.quota().adjustment.each_committed([&](std::int64_t id, const AdjustmentEntry& row) {
    if (!row.close_id && row.bucket_us < kAllPeriodsEnd) {
      why = "adjustment " + std::to_string(id) + " waits for a close";
    }
  });
  database.quota().unprovable.each_committed([&](const auto&, const UnprovableRow& row) {
    if (row.resolution.empty()) why = "an unprovable event is open";
  });
  database.billing().charge.each_committed([&](const std::string&, const ChargeRow& row) {
    const bool open = row.state == ChargeState::planned || row.state == ChargeState::sent ||
                      row.state == ChargeState::unknown;
    if (open) why = "charge of " + row.invoice_id + " is " + name_of(row.state);
  });
  database.billing().close.each_committed([&](std::int64_t id, const CloseRow&) {
    if (database.billing().invoiced.committed(id) == nullptr) {
      why = "close " + std::to_string(id) + " has no invoices";
    }
  });
  if (!inbox.empty() || !foreign_inbox.empty() || in_hand > 0) why = "a request was never accepted";
  // What was accepted a moment ago stands in no table yet: a close has to follow it.
  for (const TrueEvent& event : truth.events()) {
    if (event.accepted_us && *event.accepted_us > engine.true_us() - kHourUs) {
      why = event.id + " was accepted less than an hour ago";
    }
  }
  return why;
}

}  // namespace weir::simulation
