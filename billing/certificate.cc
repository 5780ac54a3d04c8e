#include "billing/certificate.h"

#include "base/digest.h"
#include "base/json_writer.h"
#include "base/time.h"
#include "billing/print_parts.h"
#include "billing/seals.h"
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

void write_counts_of(JsonWriter& json, const QuotaPartition& row) {
  json.field("received", row.received).field("applied", row.applied);
  json.field("duplicate", row.duplicate).field("quarantined", row.quarantined);
  json.field("unprovable", row.unprovable).field("adjusted", row.adjusted);
  json.field("unnumbered", row.unnumbered);
}

/// R6: what may be claimed about copies, here.
void write_horizon(JsonWriter& json, const QuotaPartition& row, const Standing& standing) {
  const std::int64_t covered = standing.now_us - row.horizon_from_us;
  json.field("horizon_from", format_rfc3339(row.horizon_from_us));
  json.field("horizon", format_duration(Micros(row.horizon_us)));
  json.field("restamp_window", format_duration(Micros(row.restamp_window_us)));
  const bool whole = row.horizon_from_us <= 0;
  json.field("horizon_shortened", !whole && covered < row.horizon_us);
  json.field("restamp_window_shortened", restamp_shortened(row, standing));
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
      write_counts_of(json, row);
      write_horizon(json, row, standing);
    }
    json.end_object();
  }
  json.end_array();
}

QuotaPartition sum_of(const std::vector<QuotaPartition>& progress) {
  QuotaPartition sum;
  for (const QuotaPartition& row : progress) {
    sum.received += row.received;
    sum.applied += row.applied;
    sum.duplicate += row.duplicate;
    sum.quarantined += row.quarantined;
    sum.unprovable += row.unprovable;
    sum.adjusted += row.adjusted;
    sum.unnumbered += row.unnumbered;
  }
  return sum;
}

/// All of them since the incarnation began.
void write_counts(JsonWriter& json, const Standing& standing) {
  json.key("counts").begin_object();
  write_counts_of(json, sum_of(standing.progress));
  json.end_object();
}

/// R13: each producer's word for T, with what it promised and what is applied.
void write_producers(JsonWriter& json, const Standing& standing, std::int64_t t_us) {
  json.key("producers").begin_array();
  for (const ProducerWord& word :
       words_for(standing.producers, t_us, standing.deployment.grace_us)) {
    json.begin_object().field("producer", word.producer);
    json.field("accepted_when", word.accepted_when);
    if (word.kind == ProducerWord::Kind::seal) {
      json.field("sealed_until", format_rfc3339(word.until_us));
      json.field("seal_append", format_rfc3339(word.append_us));
    } else {
      json.field("sealed_until", "none");
    }
    json.field("ended_by", word.ended_by).key("numbers").begin_array();
    for (const PromisedNumber& number : word.numbers) {
      json.begin_object().field("epoch", number.epoch).field("partition", number.partition);
      json.field("sealed", number.last).field("contiguous", number.contiguous).end_object();
    }
    json.end_array().end_object();
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
  // The assigned adjustments are in the snapshot's late units; their ids are the database's own, and
  // a ledger rebuilt from the stream has others.
  json.end_array().end_array();
  return sha256_hex(json.text());
}

std::string certificate_of(const CloseRecord& record, const Standing& standing,
                           const Frozen& frozen) {
  const QuotaDeployment& deployment = standing.deployment;
  JsonWriter json;
  json.begin_object().field("certificate", "weir close 2").field("close", record.head.id);
  json.field("predecessor", record.predecessor);
  json.field("t", format_rfc3339(record.head.t_us)).field("t_us", record.head.t_us);
  json.field("previous_t_us", record.previous_t_us);
  json.field("closed_at", format_rfc3339(record.closed_at_us));
  json.field("program", "weir " WEIR_VERSION);
  json.field("proof", fully_numbered(standing) ? "READY*" : "READY");
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
  write_counts(json, standing);
  write_partitions(json, record, standing);
  write_producers(json, standing, record.head.t_us);
  write_frozen(json, frozen);
  write_assumptions(json, standing);
  write_overrides(json, judge_trust(standing, record.head.t_us).used);
  return json.end_object().text();
}

}  // namespace weir
