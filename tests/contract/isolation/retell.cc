#include "tests/contract/isolation/retell.h"

namespace weir {
namespace {

std::string word(const std::string& value) { return "'" + value + "'"; }
std::string word(std::int64_t value) { return std::to_string(value); }
std::string word(std::int32_t value) { return std::to_string(value); }
std::string word(std::uint32_t value) { return std::to_string(value); }
std::string word(bool value) { return value ? "yes" : "no"; }
template <class Tag, class T>
std::string word(const Named<Tag, T>& value) {
  return std::to_string(value.value);
}
std::string word(const std::vector<EpochNumbers>& numbers) { return write_numbers(numbers); }
std::string word(const Settled& settled) { return settled.how + " by " + settled.by; }
std::string word(const TimeRange& range) { return word(range.from_us) + "-" + word(range.to_us); }
std::string word(const PeriodKey& key) {
  return key.tenant + "/" + key.subscription + "@" + word(key.from_us) + "-" + word(key.to_us);
}
template <class T>
std::string word(const std::optional<T>& value) {
  return value ? word(*value) : "none";
}
std::string word(const std::optional<Anchor>& anchor) {
  return anchor ? word(anchor->offset) + "/" + anchor->digest + "/" + word(anchor->append_time)
                : "none";
}

template <class... Parts>
std::string words(const Parts&... parts) {
  std::string out;
  ((out += word(parts) + " "), ...);
  return out;
}

}  // namespace

std::string retell(const Status& status) { return status ? "done" : name_of(status.error().code); }
std::string retell(bool value) { return word(value); }
std::string retell(std::int64_t value) { return word(value); }
std::string retell(const std::string& value) { return word(value); }

std::string retell(const PartitionState& state) {
  std::string out = words(state.partition, state.incarnation, state.next, state.anchor);
  for (const Generation& g : state.generations) {
    out += g.volume_id + ":" + g.file_name() + words(g.append_min, g.append_max, g.identities);
  }
  for (const Address& at : state.quarantined) out += "q" + words(at.offset, at.row);
  return out;
}
std::string retell(const NumberState& state) {
  std::string out = words(state.producer, state.epoch, state.partition, state.highest);
  for (const auto& [from, to] : state.holes) out += words(from, to);
  if (state.newest)
    out += words(std::string("newest"), state.newest->incarnation, state.newest->offset);
  return out;
}
std::string retell(const ProducerState& state) {
  return words(state.producer, state.epoch, state.finals, state.end.has_value()) +
         (state.end ? word(*state.end) : "");
}
std::string retell(const ProducerEnd& end) { return words(end.producer, end.numbers); }

std::string retell(const QuotaDeployment& d) {
  return words(d.deployment_id, d.topic, d.cluster_id, d.incarnation, d.partitions, d.bucket_us,
               d.grace_us, d.permitted_future_us, d.delivery_timeout_us, d.partitioner,
               d.closed_until_us, d.catalog_digest, d.replica);
}
std::string retell(const QuotaPartition& p) {
  return words(p.partition, p.next, p.received, p.applied, p.duplicate, p.quarantined, p.unprovable,
               p.adjusted, p.unnumbered, p.horizon_from_us, p.horizon_us, p.restamp_window_us,
               p.restamp_short_until_us);
}
std::string retell(const QuotaBlocker& b) { return words(b.kind, b.id, b.partition, b.what); }
std::string retell(const QuotaProducers& all) {
  std::string out;
  for (const QuotaProducer& p : all.producers) {
    out += words(p.producer, p.accepted_when, p.registered_at_us, p.sealed_until_us, p.ended_by) +
           (p.end_numbers ? word(*p.end_numbers) : "no end");
  }
  for (const QuotaSeal& s : all.seals) {
    out += words(s.producer, s.edge_us, s.until_us, s.append_us, s.numbers);
  }
  for (const QuotaNumber& n : all.numbers) {
    out += words(n.producer, n.epoch, n.partition, n.contiguous);
  }
  return out;
}
std::string retell(const WrittenBarrier& b) {
  return words(b.t_us, b.incarnation, b.partition, b.e, b.append_us, b.d0_us, b.d1_us);
}
std::string retell(const CloseHead& head) { return words(head.id, head.t_us, head.digest); }
std::string retell(const CutPartition& cut) {
  return words(cut.incarnation, cut.partition, cut.n, cut.anchor_offset, cut.anchor_digest);
}
std::string retell(const UsageRow& row) {
  return words(row.tenant, row.subscription, row.meter, row.bucket_us, row.units);
}
std::string retell(const AdjustmentRow& row) {
  return words(row.id, row.invoiced) + retell(row.usage);
}
std::string retell(const UnattributedRow& row) { return words(row.from_close) + retell(row.usage); }
std::string retell(const InvoicedSpan& span) {
  return words(span.tenant, span.subscription, span.span);
}
std::string retell(const OpenCharge& charge) {
  const ChargeOrder& order = charge.order;
  return words(order.key, order.tenant, order.customer, order.invoice, order.amount.minor,
               order.amount.currency, std::string(name_of(charge.state)));
}
std::string retell(const HeldPeriod& held) {
  return words(held.key, held.customer, held.reason, held.detail, held.first_seen_us,
               held.last_seen_us);
}
std::string retell(const std::unique_ptr<BillableClose>& billable) {
  std::string out;
  for (const BillablePeriod& period : billable->periods) {
    out += words(period.key, period.first, period.catalog->digest());
    for (const MeterUnits& of : period.meters) {
      out += words(of.meter, of.known, of.added, of.billed_earlier);
    }
  }
  return out;
}
std::string retell(const Billed& billed) { return words(billed.invoices, billed.holds_resolved); }

std::string retell(const QuarantineRow& row) {
  return words(row.id, row.incarnation, row.partition, row.offset, row.row, row.reason,
               row.settled);
}
std::string retell(const RedriveRow& row) {
  return words(row.id, row.quarantine_id, row.partition, row.event, row.state);
}
std::string retell(const GapRow& row) {
  return words(row.id, row.incarnation, row.partition, row.from, row.to, row.reason, row.settled);
}
std::string retell(const HoleRow& row) {
  return words(row.id, row.incarnation, row.partition, row.producer, row.epoch, row.from, row.to,
               row.settled);
}
std::string retell(const FlagRow& row) {
  return words(row.id, row.kind, row.incarnation, row.partition, row.what, row.settled);
}
std::string retell(const UnprovableRow& row) {
  return words(row.id, row.identity, row.incarnation, row.partition, row.offset, row.row,
               row.tenant, row.subscription, row.bucket_us, row.settled) +
         retell(row.meters) + retell(row.units);
}
std::string retell(const ProducerRow& row) {
  return words(row.producer, row.epoch, row.sealed_until_us, row.settled);
}
std::string retell(const ContiguousNumber& number) {
  return words(number.epoch, number.partition, number.contiguous);
}
std::string retell(const ProgressRow& row) {
  return words(row.partition, row.next, row.anchor, row.newest_append, row.horizon_from,
               row.horizon_us, row.restamp_window_us, row.unheld_until);
}
std::string retell(const LineageFacts& facts) {
  std::string out = words(facts.topic, facts.cluster_id, facts.incarnation, facts.partitions) +
                    retell(facts.progress) + retell(facts.breaks);
  for (const auto& anchors : facts.anchors) {
    for (const Anchor& anchor : anchors) out += word(std::optional(anchor));
  }
  return out;
}

}  // namespace weir
