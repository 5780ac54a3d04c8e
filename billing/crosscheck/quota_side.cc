#include "billing/crosscheck/quota_side.h"

#include "billing/columns.h"

namespace weir {
namespace {

Result<Rows> find_close(Connection& connection, std::optional<std::int64_t> close_id,
                        Deadline deadline) {
  Params params;
  close_id ? params.integer(*close_id) : params.null();
  return connection.run(
      "select c.id, c.t_us, c.closed_at_us, c.catalog_version, c.incarnation, "
      "greatest(c.previous_t_us, coalesce((select min(bucket_us) from quota.v1_usage), 0)) "
      "from billing.close c where $1::bigint is null or c.id = $1 order by c.id desc limit 1",
      params, deadline);
}

Result<Catalog> read_catalog_version(Connection& connection, std::int64_t version,
                                     Deadline deadline) {
  const Result<Rows> rows =
      connection.run("select canonical from billing.catalog where version = $1",
                     Params().integer(version), deadline);
  if (!rows) return rows.error();
  if (rows->empty()) {
    return Error{ErrorCode::integrity,
                 "catalogue version " + std::to_string(version) + " is not there",
                 "weir-billing verify"};
  }
  return read_catalog_json(rows->text(0, 0));
}

}  // namespace

Result<CrosscheckPlace> read_place(Connection& connection, std::optional<std::int64_t> close_id,
                                   Deadline deadline) {
  const Result<Rows> rows = find_close(connection, close_id, deadline);
  if (!rows) return rows.error();
  if (rows->empty()) {
    return Error{
        ErrorCode::not_found,
        close_id ? "there is no close " + std::to_string(*close_id) : "nothing was closed yet",
        "weir-billing certificates lists the closes"};
  }
  CrosscheckPlace place;
  place.close_id = rows->integer(0, 0);
  place.closed_at_us = rows->integer(0, 2);
  place.catalog_version = rows->integer(0, 3);
  place.incarnation = rows->integer(0, 4);
  place.range = {rows->integer(0, 5), rows->integer(0, 1)};
  const Result<Rows> cut =
      connection.run("select n from billing.close_partition where close_id = $1 order by partition",
                     Params().integer(place.close_id), deadline);
  if (!cut) return cut.error();
  for (std::size_t i = 0; i < cut->size(); ++i) place.vector.push_back(cut->integer(i, 0));
  return place;
}

Result<QuotaSide> read_quota_side(Connection& connection, const CrosscheckPlace& place,
                                  Deadline deadline) {
  Result<Catalog> catalog = read_catalog_version(connection, place.catalog_version, deadline);
  if (!catalog) return catalog.error();
  QuotaSide side{*std::move(catalog), {}, {}};
  std::vector<std::string> meters;  // what the columns' views point into
  meters.reserve(side.catalog.tenants.size());
  TextColumn tenant_column, meter_column;
  for (const Tenant& tenant : side.catalog.tenants) {
    auto meter = counting_meter(side.catalog, tenant.id, place.range);
    if (!meter) {
      side.without_meter.push_back(tenant.id);
      continue;
    }
    side.tenants[tenant.id];
    tenant_column.add(tenant.id);
    meter_column.add(meters.emplace_back(*std::move(meter)));
  }
  const Result<Rows> rows = connection.run(
      "select u.tenant, u.subscription, sum(u.units)::bigint from (select tenant, subscription, "
      "meter, bucket_us, units from quota.v1_usage union all select tenant, subscription, meter, "
      "bucket_us, units from quota.v1_adjustments where applied_at_us < $5) u "
      "join unnest($1::text[], $2::text[]) m (tenant, meter) on m.tenant = u.tenant and "
      "m.meter = u.meter where u.bucket_us >= $3 and u.bucket_us < $4 group by 1, 2",
      bind_all(tenant_column, meter_column)
          .integer(place.range.from_us)
          .integer(place.range.to_us)
          .integer(place.closed_at_us),
      deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    side.tenants[std::string(rows->text(i, 0))][std::string(rows->text(i, 1))] =
        rows->integer(i, 2);
  }
  return side;
}

}  // namespace weir
