// Of the operator's transaction over a MemoryDatabase: a move to another topic (R2).
#include "quota/postgres_store.h"
#include "tests/simulation/database/contract_reads.h"
#include "tests/simulation/database/memory_operator.h"

namespace weir::simulation {

Result<std::optional<weir::MoveRow>> MemoryOperator::open_move() {
  return session_.run("operator.open_move", [&]() -> Result<std::optional<weir::MoveRow>> {
    const auto open = quota_.move.lock_all(
        session_, [](std::int64_t, const MoveRow& row) { return row.open(); }, Strength::update);
    if (!open) return open.error();
    if (open->empty()) return std::optional<weir::MoveRow>();
    const auto& [id, row] = open->front();
    return std::optional(weir::MoveRow{id, Incarnation{row->incarnation}, row->former_topic,
                                       row->topic, row->starts, row->declared_at_us,
                                       row->declared_by, row->reason});
  });
}

Result<std::int64_t> MemoryOperator::declare_move(const NewMove& move, const Decision& decision) {
  return session_.run("operator.declare_move", [&]() -> Result<std::int64_t> {
    MoveRow row;
    row.incarnation = move.incarnation.value;
    row.former_topic = move.former_topic;
    row.topic = move.topic;
    row.starts = move.starts;
    row.declared_at_us = session_.now_us();
    row.declared_by = database_text(decision.by);
    row.reason = database_text(decision.reason);
    const std::int64_t id = ++quota_.move_ids;
    WEIR_TRY(quota_.move.insert_new(session_, id, std::move(row)));
    return id;
  });
}

Status MemoryOperator::settle_move(std::int64_t id, const std::string& how,
                                   const Decision& decision) {
  return session_.run("operator.settle_move", [&]() -> Status {
    WEIR_TRY(quota_.move.update(
        session_, id, [](const MoveRow& row) { return row.open(); },
        [&](MoveRow& row) {
          row.settled = how;
          row.settled_at_us = session_.now_us();
          row.settled_by = database_text(decision.by);
          row.settled_reason = database_text(decision.reason);
        }));
    return {};
  });
}

Result<std::vector<ProducerFinals>> MemoryOperator::all_finals() {
  std::vector<ProducerFinals> out;
  WEIR_TRY(session_.run("operator.all_finals", [&]() -> Status {
    quota_.producer.each(session_, [&](const std::string& id, const ProducerRow& row) {
      ProducerFinals of{id, row.epoch, row.final_numbers, std::nullopt, row.sealed_until_us, {}};
      if (row.ended_by) of.end = row.end_numbers;
      out.push_back(std::move(of));
    });
    return {};
  }));
  WEIR_TRY(session_.run("operator.all_finals_numbers", [&]() -> Status {
    for (const QuotaNumber& number : contiguous_numbers(quota_, session_)) {
      for (ProducerFinals& of : out) {
        if (of.producer != number.producer) continue;
        of.numbers.push_back({number.epoch, PartitionId{number.partition}, number.contiguous});
      }
    }
    return {};
  }));
  return out;
}

Result<std::int64_t> MemoryOperator::open_redrives() {
  return session_.run("operator.open_redrives", [&]() -> Result<std::int64_t> {
    std::int64_t open = 0;
    quota_.redrive.each(session_, [&](std::int64_t, const RedriveRow& row) {
      open += row.state == "open" ? 1 : 0;
    });
    return open;
  });
}

Status MemoryOperator::forget_generations_before(Incarnation incarnation) {
  std::vector<std::tuple<std::string, SpanKey, std::string>> old;
  quota_.generation.each(session_, [&](const auto& key, const Generation& row) {
    if (row.incarnation < incarnation.value) old.push_back(key);
  });
  for (const auto& key : old) WEIR_TRY(quota_.generation.erase(session_, key));
  return {};
}

}  // namespace weir::simulation
