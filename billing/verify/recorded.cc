#include "billing/verify/recorded.h"

#include "billing/quota_contract.h"

namespace weir {
namespace {

std::string text(const Rows& rows, std::size_t row, int column) {
  return std::string(rows.text(row, column));
}

Status read_cut(Connection& connection, RecordedClose& close, Deadline deadline) {
  const Result<Rows> rows =
      connection.run("select n from billing.close_partition where close_id = $1 order by partition",
                     Params().integer(close.id), deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) close.cut.push_back(rows->integer(i, 0));
  return {};
}

/// The windows by which quota told copies.
Status read_windows(Connection& connection, RecordedClose& close, Deadline deadline) {
  const auto deployment = read_quota_deployment(connection, deadline);
  if (!deployment) return deployment.error();
  close.bucket = Micros(deployment->bucket_us);
  close.skew = Micros(deployment->permitted_future_us);
  const Result<Rows> rows = connection.run(
      "select coalesce(max(restamp_window_us), 0) from quota.v2_progress where incarnation = $1",
      Params().integer(close.incarnation), deadline);
  if (!rows) return rows.error();
  close.restamp_window = Micros(rows->integer(0, 0));
  return {};
}

}  // namespace

Result<RecordedClose> read_recorded_close(Connection& connection,
                                          std::optional<std::int64_t> close_id, Deadline deadline) {
  Params params;
  close_id ? params.integer(*close_id) : params.null();
  const Result<Rows> rows = connection.run(
      "select id, t_us, closed_at_us, incarnation from billing.close "
      "where $1::bigint is null or id = $1 order by id desc limit 1",
      params, deadline);
  if (!rows) return rows.error();
  if (rows->empty()) {
    return Error{ErrorCode::not_found, "there is no such close",
                 "weir-billing certificates lists them"};
  }
  RecordedClose close;
  close.id = rows->integer(0, 0);
  close.t_us = rows->integer(0, 1);
  close.closed_at_us = rows->integer(0, 2);
  close.incarnation = rows->integer(0, 3);
  WEIR_TRY(read_cut(connection, close, deadline));
  WEIR_TRY(read_windows(connection, close, deadline));
  const auto stored = read_billing_catalog(connection, deadline);
  if (!stored) return stored.error();
  Result<Catalog> catalog = read_catalog_json(*stored ? (*stored)->canonical : std::string());
  if (!catalog) return catalog.error();
  close.catalog = *std::move(catalog);
  return close;
}

Result<std::map<std::int64_t, RecordedVerdicts>> read_verdicts(Connection& connection,
                                                               const RecordedClose& close,
                                                               Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select partition, record_offset, row, verdict from quota.v2_verdicts where incarnation = $1",
      Params().integer(close.incarnation), deadline);
  if (!rows) return rows.error();
  std::map<std::int64_t, RecordedVerdicts> verdicts;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    RecordedVerdicts& of = verdicts[rows->integer(i, 0)];
    (rows->text(i, 3) == "quarantined" ? of.quarantined : of.unprovable)
        .insert({rows->integer(i, 1), rows->integer(i, 2)});
  }
  return verdicts;
}

Result<std::map<BucketKey, std::int64_t>> read_sums(Connection& connection,
                                                    const RecordedClose& close,
                                                    std::int64_t from_us, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select tenant, subscription, meter, bucket_us, sum(units)::bigint from ("
      "select tenant, subscription, meter, bucket_us, units from quota.v1_usage "
      "where bucket_us >= $1 and bucket_us < $2 union all "
      "select tenant, subscription, meter, bucket_us, units from quota.v1_adjustments "
      "where bucket_us >= $1 and bucket_us < $2 and applied_at_us < $3 union all "
      "select tenant, subscription, meter, bucket_us, -units from quota.v2_accepted "
      "where bucket_us >= $1 and bucket_us < $2 and accepted_at_us < $3) u group by 1, 2, 3, 4",
      Params().integer(from_us).integer(close.t_us).integer(close.closed_at_us), deadline);
  if (!rows) return rows.error();
  std::map<BucketKey, std::int64_t> sums;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    sums[{text(*rows, i, 0), text(*rows, i, 1), text(*rows, i, 2), rows->integer(i, 3)}] =
        rows->integer(i, 4);
  }
  return sums;
}

}  // namespace weir
