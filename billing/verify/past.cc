#include "billing/verify/past.h"

#include "billing/frozen_rows.h"

#include <algorithm>
#include <iterator>

namespace weir {
namespace {

std::string text(const Rows& rows, std::size_t row, int column) {
  return std::string(rows.text(row, column));
}
UsageRow usage_row(const Rows& rows, std::size_t i, int column) {
  return {text(rows, i, column), text(rows, i, column + 1), text(rows, i, column + 2),
          rows.integer(i, column + 3), rows.integer(i, column + 4)};
}

Status read_snapshot(Connection& connection, std::int64_t close_id, Frozen& into,
                     Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select tenant, subscription, meter, period_from_us, period_to_us, usage_units, late_units, "
      "attributed_units from billing.snapshot where close_id = $1",
      Params().integer(close_id), deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const PeriodKey period{text(*rows, i, 0), text(*rows, i, 1), rows->integer(i, 3),
                           rows->integer(i, 4)};
    into.snapshot[{period, text(*rows, i, 2)}] = {rows->integer(i, 5), rows->integer(i, 6),
                                                  rows->integer(i, 7)};
  }
  return {};
}

Status read_due(Connection& connection, const std::string& where, std::int64_t close_id,
                std::vector<StoredDue>& into, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select tenant, subscription, period_from_us, period_to_us, customer, catalog_version "
      "from billing.due_period where close_id " +
          where + " $1",
      Params().integer(close_id), deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    into.push_back(
        {{{text(*rows, i, 0), text(*rows, i, 1), rows->integer(i, 2), rows->integer(i, 3)},
          text(*rows, i, 4)},
         rows->integer(i, 5)});
  }
  std::sort(into.begin(), into.end(),
            [](const StoredDue& a, const StoredDue& b) { return a.due < b.due; });
  return {};
}

/// Usage that closes before $1 could not attribute, and did not since.
Result<Rows> read_unattributed(Connection& connection, std::int64_t close_id, Deadline deadline) {
  return connection.run(
      "select u.close_id, u.tenant, u.subscription, u.meter, u.bucket_us, u.units "
      "from billing.unattributed u where u.close_id < $1 and not exists "
      "(select from billing.attribution a where a.from_close = u.close_id and "
      "a.tenant = u.tenant and a.subscription = u.subscription and a.meter = u.meter "
      "and a.bucket_us = u.bucket_us and a.close_id < $1)",
      Params().integer(close_id), deadline);
}

/// What close $1 attributed; units -1 where no such usage was ever left unattributed.
Status read_attributed(Connection& connection, std::int64_t close_id, Frozen& into,
                       Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select a.from_close, a.tenant, a.subscription, a.meter, a.bucket_us, coalesce(u.units, -1) "
      "from billing.attribution a left join billing.unattributed u on u.close_id = a.from_close "
      "and u.tenant = a.tenant and u.subscription = a.subscription and u.meter = a.meter "
      "and u.bucket_us = a.bucket_us where a.close_id = $1",
      Params().integer(close_id), deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    into.attributed.push_back({rows->integer(i, 0), usage_row(*rows, i, 1)});
  }
  return {};
}

}  // namespace

Past::RowKey Past::key_of(std::int64_t close_id, const UsageRow& row) {
  return {close_id, row.tenant, row.subscription, row.meter, row.bucket_us};
}

Status Past::load_before(std::int64_t close_id, Deadline deadline) {
  invoiced_.clear();
  unattributed_.clear();
  std::vector<StoredDue> due;
  WEIR_TRY(read_due(connection_, "<", close_id, due, deadline));
  for (const StoredDue& one : due) {
    const PeriodKey& key = one.due.key;
    invoiced_[{key.tenant, key.subscription}][key.from_us] = key.to_us;
  }
  const Result<Rows> rows = read_unattributed(connection_, close_id, deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const UsageRow row = usage_row(*rows, i, 1);
    unattributed_[key_of(rows->integer(i, 0), row)] = row.units;
  }
  return {};
}

Result<Frozen> Past::freeze_again(const StoredClose& close, const Catalog& catalog,
                                  Deadline deadline) {
  FreezeInput input;
  input.catalog = &catalog;
  input.t_us = close.t_us;
  auto usage = FrozenRows(connection_, deadline).usage(close.previous_t_us, close.t_us);
  if (!usage) return usage.error();
  input.usage = *std::move(usage);
  auto adjustments = adjustments_of(close.id, deadline);
  if (!adjustments) return adjustments.error();
  input.adjustments = *std::move(adjustments);
  for (const auto& [key, units] : unattributed_) {
    const auto& [from_close, tenant, subscription, meter, bucket_us] = key;
    input.unattributed.push_back({from_close, {tenant, subscription, meter, bucket_us, units}});
  }
  for (const auto& [name, periods] : invoiced_) {
    const TimeRange span{periods.begin()->first, periods.rbegin()->second};
    input.invoiced.push_back({name.first, name.second, span});
  }
  return freeze(input);
}

Result<StoredFrozen> Past::read_stored(std::int64_t close_id, Deadline deadline) {
  StoredFrozen stored;
  WEIR_TRY(read_snapshot(connection_, close_id, stored.frozen, deadline));
  WEIR_TRY(read_due(connection_, "=", close_id, stored.due, deadline));
  for (const StoredDue& one : stored.due) stored.frozen.due.push_back(one.due);
  WEIR_TRY(read_attributed(connection_, close_id, stored.frozen, deadline));
  const Result<Rows> rows = connection_.run(
      "select tenant, subscription, meter, bucket_us, units from billing.unattributed "
      "where close_id = $1",
      Params().integer(close_id), deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    stored.frozen.unattributed.push_back(usage_row(*rows, i, 0));
  }
  const Result<Rows> assigned =
      connection_.run("select id from quota.v1_adjustments where close_id = $1",
                      Params().integer(close_id), deadline);
  if (!assigned) return assigned.error();
  for (std::size_t i = 0; i < assigned->size(); ++i) {
    stored.frozen.assigned.push_back(assigned->integer(i, 0));
  }
  put_in_order(stored.frozen);
  return stored;
}

void Past::add(std::int64_t close_id, const StoredFrozen& stored) {
  for (const DuePeriod& due : stored.frozen.due) {
    invoiced_[{due.key.tenant, due.key.subscription}][due.key.from_us] = due.key.to_us;
  }
  for (const UsageRow& row : stored.frozen.unattributed) {
    unattributed_[key_of(close_id, row)] = row.units;
  }
  for (const UnattributedRow& row : stored.frozen.attributed) {
    unattributed_.erase(key_of(row.from_close, row.usage));
  }
}

Result<std::vector<AdjustmentRow>> Past::adjustments_of(std::int64_t close_id, Deadline deadline) {
  const Result<Rows> rows = connection_.run(
      "select id, tenant, subscription, meter, bucket_us, units from quota.v1_adjustments "
      "where close_id = $1",
      Params().integer(close_id), deadline);
  if (!rows) return rows.error();
  std::vector<AdjustmentRow> adjustments;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    AdjustmentRow row{rows->integer(i, 0), usage_row(*rows, i, 1), {}};
    row.invoiced = invoiced_at(row.usage);
    adjustments.push_back(std::move(row));
  }
  return adjustments;
}

std::optional<TimeRange> Past::invoiced_at(const UsageRow& row) const {
  const auto periods = invoiced_.find({row.tenant, row.subscription});
  if (periods == invoiced_.end()) return std::nullopt;
  auto behind = periods->second.upper_bound(row.bucket_us);
  if (behind == periods->second.begin()) return std::nullopt;
  const auto& [from_us, to_us] = *std::prev(behind);
  if (row.bucket_us >= to_us) return std::nullopt;
  return TimeRange{from_us, to_us};
}

}  // namespace weir
