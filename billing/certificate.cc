#include "billing/certificate.h"

#include "base/digest.h"
#include "base/json_writer.h"
#include "base/time.h"
#include "billing/trust.h"

namespace weir {
namespace {

void write_usage(JsonWriter& json, const UsageRow& row) {
  json.begin_array().value(row.tenant).value(row.subscription).value(row.meter);
  json.value(row.bucket_us).value(row.units).end_array();
}

void write_period(JsonWriter& json, const PeriodKey& key) {
  json.value(key.tenant).value(key.subscription).value(key.from_us).value(key.to_us);
}

void write_partitions(JsonWriter& json, const CloseRecord& record, const Standing& standing) {
  json.key("partitions").begin_array();
  for (const ClosePartition& partition : record.partitions) {
    const CutPartition& cut = partition.cut;
    json.begin_object().field("partition", cut.partition).field("n", cut.n);
    json.field("e", partition.e).field("log_end", partition.log_end);
    json.field("anchor_offset", cut.anchor_offset).field("anchor_digest", cut.anchor_digest);
    for (const WrittenBarrier& barrier : standing.barriers) {
      if (barrier.partition != cut.partition) continue;
      json.field("barrier_append", format_rfc3339(barrier.append_us));
      json.field("barrier_d0", format_rfc3339(barrier.d0_us));
      json.field("barrier_d1", format_rfc3339(barrier.d1_us));
    }
    for (const QuotaPartition& row : standing.progress) {
      if (row.partition != cut.partition) continue;
      json.field("received", row.received).field("applied", row.applied);
      json.field("duplicate", row.duplicate).field("quarantined", row.quarantined);
      json.field("unprovable", row.unprovable).field("adjusted", row.adjusted);
      json.field("horizon_from", format_rfc3339(row.horizon_from_us));
      json.field("horizon", format_duration(Micros(row.horizon_us)));
      json.field("restamp_window", format_duration(Micros(row.restamp_window_us)));
    }
    json.end_object();
  }
  json.end_array();
}

void write_frozen(JsonWriter& json, const Frozen& frozen) {
  std::int64_t unattributed_units = 0;
  for (const UsageRow& row : frozen.unattributed) unattributed_units += row.units;
  json.field("frozen_digest", digest_of(frozen));
  json.field("snapshot_rows", static_cast<std::int64_t>(frozen.snapshot.size()));
  json.field("due_periods", static_cast<std::int64_t>(frozen.due.size()));
  json.field("adjustments_assigned", static_cast<std::int64_t>(frozen.assigned.size()));
  json.field("adjustments_waiting", frozen.adjustments_waiting);
  json.field("adjustments_unattributed", frozen.adjustments_unattributed);
  json.field("unattributed_rows", static_cast<std::int64_t>(frozen.unattributed.size()));
  json.field("unattributed_units", unattributed_units);
  json.field("attributed_rows", static_cast<std::int64_t>(frozen.attributed.size()));
}

}  // namespace

std::string digest_of(const Frozen& frozen) {
  JsonWriter json;
  json.begin_array().begin_array();
  for (const auto& [key, units] : frozen.snapshot) {
    json.begin_array();
    write_period(json, key.period);
    json.value(key.meter).value(units.usage).value(units.late).value(units.attributed).end_array();
  }
  json.end_array().begin_array();
  for (const DuePeriod& due : frozen.due) {
    json.begin_array();
    write_period(json, due.key);
    json.value(due.customer).end_array();
  }
  json.end_array().begin_array();
  for (const UsageRow& row : frozen.unattributed) write_usage(json, row);
  json.end_array().begin_array();
  for (const UnattributedRow& row : frozen.attributed) {
    json.value(row.from_close);
    write_usage(json, row.usage);
  }
  json.end_array().begin_array();
  for (const std::int64_t id : frozen.assigned) json.value(id);
  json.end_array().end_array();
  return sha256_hex(json.text());
}

std::string certificate_of(const CloseRecord& record, const Standing& standing,
                           const Frozen& frozen) {
  const QuotaDeployment& deployment = standing.deployment;
  JsonWriter json;
  json.begin_object().field("certificate", "weir close 1").field("close", record.head.id);
  json.field("predecessor", record.predecessor);
  json.field("t", format_rfc3339(record.head.t_us)).field("t_us", record.head.t_us);
  json.field("previous_t_us", record.previous_t_us);
  json.field("closed_at", format_rfc3339(record.closed_at_us));
  json.field("deployment", deployment.deployment_id).field("topic", deployment.topic);
  json.field("cluster", standing.stream ? standing.stream->cluster_id : std::string());
  json.field("incarnation", record.incarnation);
  json.field("bucket", format_duration(Micros(deployment.bucket_us)));
  json.field("grace", format_duration(Micros(deployment.grace_us)));
  json.field("permitted_future", format_duration(Micros(deployment.permitted_future_us)));
  json.field("delivery_timeout", format_duration(Micros(deployment.delivery_timeout_us)));
  json.field("catalog_digest", deployment.catalog_digest);
  json.field("catalog_version", record.catalog_version);
  json.field("unprovable_open", standing.unprovable);
  write_partitions(json, record, standing);
  write_frozen(json, frozen);
  json.key("assumptions").begin_array();
  for (const Assumption& assumed : assumptions(standing)) {
    json.begin_object().field("assumption", assumed.code).field("text", assumed.text).end_object();
  }
  return json.end_array().end_object().text();
}

}  // namespace weir
