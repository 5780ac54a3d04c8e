#include "billing/frozen_rows.h"

namespace weir {
namespace {

UsageRow usage_row(const Rows& rows, std::size_t row, int column) {
  return {std::string(rows.text(row, column)), std::string(rows.text(row, column + 1)),
          std::string(rows.text(row, column + 2)), rows.integer(row, column + 3),
          rows.integer(row, column + 4)};
}

}  // namespace

Result<std::vector<UsageRow>> FrozenRows::usage(std::int64_t from_us, std::int64_t to_us) {
  const Result<Rows> rows =
      run("select tenant, subscription, meter, bucket_us, units from quota.v1_usage "
          "where bucket_us >= $1 and bucket_us < $2",
          Params().integer(from_us).integer(to_us));
  if (!rows) return rows.error();
  std::vector<UsageRow> usage;
  usage.reserve(rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) usage.push_back(usage_row(*rows, i, 0));
  return usage;
}

Result<std::vector<AdjustmentRow>> FrozenRows::unassigned_adjustments() {
  const Result<Rows> rows =
      run("select a.id, a.tenant, a.subscription, a.meter, a.bucket_us, a.units, d.period_from_us, "
          "d.period_to_us from quota.v1_adjustments a left join billing.due_period d "
          "on d.tenant = a.tenant and d.subscription = a.subscription "
          "and d.period_from_us <= a.bucket_us and a.bucket_us < d.period_to_us "
          "where a.close_id is null order by a.tenant, a.subscription, a.bucket_us, a.id",
          Params());
  if (!rows) return rows.error();
  std::vector<AdjustmentRow> adjustments;
  adjustments.reserve(rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    AdjustmentRow row{rows->integer(i, 0), usage_row(*rows, i, 1), {}};
    if (!rows->null(i, 6)) row.invoiced = TimeRange{rows->integer(i, 6), rows->integer(i, 7)};
    adjustments.push_back(std::move(row));
  }
  return adjustments;
}

Result<std::vector<UnattributedRow>> FrozenRows::open_unattributed() {
  const Result<Rows> rows =
      run("select u.close_id, u.tenant, u.subscription, u.meter, u.bucket_us, u.units "
          "from billing.unattributed u where not exists (select from billing.attribution a "
          "where a.from_close = u.close_id and a.tenant = u.tenant "
          "and a.subscription = u.subscription and a.meter = u.meter "
          "and a.bucket_us = u.bucket_us) order by 2, 3, 5, 4, 1",
          Params());
  if (!rows) return rows.error();
  std::vector<UnattributedRow> unattributed;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    unattributed.push_back({rows->integer(i, 0), usage_row(*rows, i, 1)});
  }
  return unattributed;
}

Result<std::vector<InvoicedSpan>> FrozenRows::invoiced_spans() {
  const Result<Rows> rows =
      run("select tenant, subscription, min(period_from_us), max(period_to_us) "
          "from billing.due_period group by 1, 2",
          Params());
  if (!rows) return rows.error();
  std::vector<InvoicedSpan> spans;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    spans.push_back({std::string(rows->text(i, 0)),
                     std::string(rows->text(i, 1)),
                     {rows->integer(i, 2), rows->integer(i, 3)}});
  }
  return spans;
}

Status FrozenRows::add(std::int64_t close_id, std::int64_t catalog_version, const Frozen& frozen) {
  WEIR_TRY(add_snapshot(close_id, frozen));
  WEIR_TRY(add_due(close_id, catalog_version, frozen));
  WEIR_TRY(add_unattributed(close_id, frozen));
  return add_attributions(close_id, frozen);
}

Status FrozenRows::add_snapshot(std::int64_t close_id, const Frozen& frozen) {
  CopyRows rows;
  for (const auto& [key, units] : frozen.snapshot) {
    rows.row(9).integer(close_id).text(key.period.tenant).text(key.period.subscription);
    rows.text(key.meter).integer(key.period.from_us).integer(key.period.to_us);
    rows.integer(units.usage).integer(units.late).integer(units.attributed);
  }
  return copy(
      "billing.snapshot (close_id, tenant, subscription, meter, period_from_us, "
      "period_to_us, usage_units, late_units, attributed_units)",
      rows);
}

Status FrozenRows::add_due(std::int64_t close_id, std::int64_t catalog_version,
                           const Frozen& frozen) {
  CopyRows rows;
  for (const DuePeriod& due : frozen.due) {
    rows.row(7).text(due.key.tenant).text(due.key.subscription).integer(due.key.from_us);
    rows.integer(due.key.to_us).text(due.customer).integer(close_id).integer(catalog_version);
  }
  return copy(
      "billing.due_period (tenant, subscription, period_from_us, period_to_us, customer, "
      "close_id, catalog_version)",
      rows);
}

Status FrozenRows::add_unattributed(std::int64_t close_id, const Frozen& frozen) {
  CopyRows rows;
  for (const UsageRow& row : frozen.unattributed) {
    rows.row(6).integer(close_id).text(row.tenant).text(row.subscription).text(row.meter);
    rows.integer(row.bucket_us).integer(row.units);
  }
  return copy("billing.unattributed (close_id, tenant, subscription, meter, bucket_us, units)",
              rows);
}

Status FrozenRows::add_attributions(std::int64_t close_id, const Frozen& frozen) {
  CopyRows rows;
  for (const UnattributedRow& row : frozen.attributed) {
    rows.row(6).integer(row.from_close).text(row.usage.tenant).text(row.usage.subscription);
    rows.text(row.usage.meter).integer(row.usage.bucket_us).integer(close_id);
  }
  return copy("billing.attribution (from_close, tenant, subscription, meter, bucket_us, close_id)",
              rows);
}

Status FrozenRows::copy(const std::string& into, const CopyRows& rows) {
  if (rows.empty()) return {};
  return connection_.copy_in("COPY " + into + " FROM STDIN (FORMAT binary)", rows, deadline_);
}

Result<Rows> FrozenRows::run(std::string_view sql, const Params& params) {
  return connection_.run(sql, params, deadline_);
}

}  // namespace weir
