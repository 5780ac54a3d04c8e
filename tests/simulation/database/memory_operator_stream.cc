// Of the operator's transaction: gaps, holes, flags, producers
// (quota/operator/postgres_operator_stream.cc).
#include "quota/postgres_store.h"
#include "tests/simulation/database/contract_reads.h"
#include "tests/simulation/database/memory_operator.h"

#include <algorithm>

namespace weir::simulation {
namespace {

bool is_one_of(std::span<const std::int64_t> ids, std::int64_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

weir::HoleRow hole_of(std::int64_t id, const HoleRow& row) {
  weir::HoleRow out;
  out.id = id;
  out.incarnation = Incarnation{row.incarnation};
  out.partition = PartitionId{row.partition};
  out.producer = row.producer;
  out.epoch = row.epoch;
  out.from = row.from_number;
  out.to = row.to_number;
  out.opened_at_us = row.opened_at_us;
  out.settled.by = row.accepted_by;
  if (row.closed_at_us) out.settled.how = "filled by its numbers";
  if (row.accepted_at_us) out.settled.how = "accepted";
  return out;
}

}  // namespace

weir::FlagRow flag_of(std::int64_t id, const FlagRow& row) {
  weir::FlagRow out;
  out.id = id;
  out.kind = row.kind;
  out.incarnation = Incarnation{row.incarnation};
  if (row.partition) out.partition = PartitionId{*row.partition};
  out.what = row.what;
  if (!row.open()) out.settled = {row.cleared_by, "cleared"};
  return out;
}

Result<std::vector<weir::GapRow>> MemoryOperator::gaps(std::span<const std::int64_t> ids) {
  return session_.run("operator.gaps", [&] {
    return lock_in_order(
        session_, quota_.gap,
        [&](const SpanKey&, const GapRow& row) { return is_one_of(ids, row.id); },
        [](const SpanKey&, const GapRow& row) { return row.id; },
        [](const SpanKey& key, const GapRow& row) {
          weir::GapRow out;
          out.id = row.id;
          out.incarnation = Incarnation{std::get<0>(key)};
          out.partition = PartitionId{std::get<1>(key)};
          out.from = Offset{std::get<2>(key)};
          out.to = Offset{std::get<3>(key)};
          out.reason = row.reason;
          out.opened_at_us = row.opened_at_us;
          if (row.accepted_at_us) out.settled = {row.accepted_by, "accepted"};
          return out;
        });
  });
}

Status MemoryOperator::accept_gaps(std::span<const std::int64_t> ids, const Decision& decision) {
  return session_.run("operator.accept_gaps", [&]() -> Status {
    WEIR_TRY(quota_.gap.update_all(
        session_,
        [&](const SpanKey&, const GapRow& row) {
          return is_one_of(ids, row.id) && !row.accepted_at_us;
        },
        [&](const SpanKey&, GapRow& row) {
          row.accepted_at_us = session_.now_us();
          row.accepted_by = database_text(decision.by);
          row.accepted_reason = database_text(decision.reason);
        }));
    return {};
  });
}

Result<std::vector<weir::HoleRow>> MemoryOperator::holes(std::span<const std::int64_t> ids) {
  return session_.run("operator.holes", [&] {
    return lock_in_order(
        session_, quota_.hole, [&](std::int64_t id, const HoleRow&) { return is_one_of(ids, id); },
        [](std::int64_t id, const HoleRow&) { return id; }, hole_of);
  });
}

Result<std::vector<weir::HoleRow>> MemoryOperator::holes_round(Incarnation incarnation,
                                                               PartitionId partition, Offset end) {
  const RecordPlace edge{incarnation, end};
  return session_.run("operator.holes_round", [&] {
    return lock_in_order(
        session_, quota_.hole,
        [&](std::int64_t, const HoleRow& row) {
          return row.partition == partition.value && row.open() &&
                 RecordPlace{Incarnation{row.incarnation}, row.found_offset} >= edge &&
                 (!row.behind || *row.behind < edge);
        },
        [](std::int64_t id, const HoleRow&) { return id; }, hole_of);
  });
}

Status MemoryOperator::accept_holes(std::span<const std::int64_t> ids, const Decision& decision) {
  return session_.run("operator.accept_holes", [&]() -> Status {
    WEIR_TRY(quota_.hole.update_all(
        session_,
        [&](std::int64_t id, const HoleRow& row) { return is_one_of(ids, id) && row.open(); },
        [&](std::int64_t, HoleRow& row) {
          row.accepted_at_us = session_.now_us();
          row.accepted_by = database_text(decision.by);
          row.accepted_reason = database_text(decision.reason);
        }));
    return {};
  });
}

Result<std::vector<weir::FlagRow>> MemoryOperator::flags(std::span<const std::int64_t> ids) {
  return session_.run("operator.flags", [&] {
    return lock_in_order(
        session_, quota_.flag, [&](std::int64_t id, const FlagRow&) { return is_one_of(ids, id); },
        [](std::int64_t id, const FlagRow&) { return id; }, flag_of);
  });
}

Result<std::vector<weir::FlagRow>> MemoryOperator::lineage_flags(Incarnation incarnation) {
  return session_.run("operator.lineage_flags", [&] {
    return lock_in_order(
        session_, quota_.flag,
        [&](std::int64_t, const FlagRow& row) {
          return row.kind == "lineage" && row.open() && row.incarnation <= incarnation.value;
        },
        [](std::int64_t id, const FlagRow&) { return id; }, flag_of);
  });
}

Status MemoryOperator::clear_flags(std::span<const std::int64_t> ids, const Decision& decision) {
  return session_.run("operator.clear_flags", [&]() -> Status {
    WEIR_TRY(quota_.flag.update_all(
        session_,
        [&](std::int64_t id, const FlagRow& row) { return is_one_of(ids, id) && row.open(); },
        [&](std::int64_t, FlagRow& row) {
          row.cleared_at_us = session_.now_us();
          row.cleared_by = database_text(decision.by);
          row.cleared_reason = database_text(decision.reason);
        }));
    return {};
  });
}

Result<std::optional<weir::ProducerRow>> MemoryOperator::producer(const std::string& producer) {
  using Out = std::optional<weir::ProducerRow>;
  return session_.run("operator.producer", [&]() -> Result<Out> {
    const auto found = quota_.producer.lock(session_, producer, Strength::update);
    if (!found) return found.error();
    if (*found == nullptr) return Out();
    const ProducerRow& row = **found;
    weir::ProducerRow out;
    out.producer = producer;
    out.epoch = row.epoch;
    out.sealed_until_us = row.sealed_until_us;
    const std::string by = row.ended_by.value_or("");
    if (by == "seal") out.settled = {"its own END", "ended"};
    if (!by.empty() && by != "seal") out.settled = {by, "retired"};
    return Out(std::move(out));
  });
}

Result<std::vector<ContiguousNumber>> MemoryOperator::numbers(const std::string& producer) {
  return session_.run("operator.numbers", [&]() -> Result<std::vector<ContiguousNumber>> {
    const auto all = contiguous_numbers(quota_, session_);
    std::vector<ContiguousNumber> out;
    for (const QuotaNumber& of : all) {
      if (of.producer != producer) continue;
      out.push_back({of.epoch, PartitionId{of.partition}, of.contiguous});
    }
    return out;
  });
}

Status MemoryOperator::end_producer(const std::string& producer,
                                    const std::vector<EpochNumbers>& final,
                                    const Decision& decision) {
  return session_.run("operator.end_producer", [&]() -> Status {
    WEIR_TRY(quota_.producer.update(
        session_, producer, [](const ProducerRow& row) { return !row.ended_by; },
        [&](ProducerRow& row) {
          row.ended_by = database_text(decision.by);
          row.ended_reason = database_text(decision.reason);
          row.ended_at_us = session_.now_us();
          row.end_numbers = final;
        }));
    return {};
  });
}

}  // namespace weir::simulation
