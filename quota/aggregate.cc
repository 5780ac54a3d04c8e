#include "quota/aggregate.h"

#include "base/civil.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace weir {
namespace {

constexpr std::uint32_t kNoSlot = 0xffffffff;
constexpr std::int64_t kUnitsCap = std::numeric_limits<std::int64_t>::max();
using Code = Dictionary::Code;

struct Key {
  Code tenant, subscription;
  std::uint32_t meter;
  std::int64_t bucket_us;
  bool operator==(const Key&) const = default;
};

struct Entry {
  Key key;
  std::int64_t units;
};

/// A meter version with its filter as codes of one batch. kNone lets everything through.
struct CodedMeter {
  const MeterVersion* version;
  Code api, route, method, quantity;
  bool sums_units, sums_quantity;
};

std::uint64_t hash_of(const Key& key) {
  std::uint64_t h = (std::uint64_t{key.tenant} << 32) | key.subscription;
  h ^= (static_cast<std::uint64_t>(key.bucket_us) + (std::uint64_t{key.meter} << 56)) *
       0x9e3779b97f4a7c15u;
  h *= 0xff51afd7ed558ccdu;
  h ^= h >> 32;
  h *= 0xc4ceb9fe1a85ec53u;
  return h ^ (h >> 29);
}

/// Rank of each text of a dictionary in byte order.
void rank_texts(const Dictionary& dictionary, std::vector<std::uint32_t>& order,
                std::vector<std::uint32_t>& rank) {
  order.resize(dictionary.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](std::uint32_t code) { return dictionary.text_of(code); });
  rank.resize(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
}

/// False: no row of the batch can pass, since a text that the filter asks for is not in it.
bool code_filter(const std::string& wanted, const Dictionary& dictionary, Code& code) {
  code = Dictionary::kNone;
  if (wanted.empty()) return true;
  code = dictionary.find(wanted);
  return code != Dictionary::kNone;
}

std::int64_t quantity_of(const QuantityColumn& quantities, std::size_t row, Code name) {
  for (std::uint32_t i = quantities.begin(row); i < quantities.end(row); ++i) {
    if (quantities.name_code(i) == name) return quantities.value(i);
  }
  return 0;
}

}  // namespace

struct Aggregator::State {
  explicit State(Micros length) : bucket(length) {}

  const Micros bucket;
  std::vector<Entry> entries;
  std::vector<std::uint32_t> slots;        // index into entries; size is a power of two
  std::vector<CodedMeter> coded;           // of all tenants of the batch
  std::vector<std::uint32_t> first_coded;  // by tenant code: coded[first, first of the next)
  std::vector<std::uint32_t> order, tenant_rank, subscription_rank;
  std::vector<char> saturated;  // by entry

  void code_meters(const RequestBatch& rows, const Meters& meters);
  bool code_meter(const RequestBatch& rows, const MeterVersion& version, CodedMeter& out) const;
  std::int64_t units_of(const RequestBatch& rows, std::size_t row, const CodedMeter& meter) const;
  void add(const Key& key, std::int64_t units);
  void grow();
  void add_unprovable(const CommitBatch& batch, std::size_t row, const Meters& meters,
                      Aggregated& into) const;
  void write_sorted(const RequestBatch& rows, const Meters& meters, Aggregated& into);
};

bool Aggregator::State::code_meter(const RequestBatch& rows, const MeterVersion& version,
                                   CodedMeter& out) const {
  out.version = &version;
  out.sums_units = version.aggregate == Meter::Aggregate::sum && version.quantity == "units";
  out.sums_quantity = version.aggregate == Meter::Aggregate::sum && !out.sums_units;
  out.quantity = Dictionary::kNone;
  if (out.sums_quantity && !code_filter(version.quantity, rows.quantities.names(), out.quantity)) {
    return false;
  }
  return code_filter(version.filter.api, rows.api.dictionary(), out.api) &&
         code_filter(version.filter.route, rows.route.dictionary(), out.route) &&
         code_filter(version.filter.method, rows.method.dictionary(), out.method);
}

void Aggregator::State::code_meters(const RequestBatch& rows, const Meters& meters) {
  coded.clear();
  first_coded.clear();
  const Dictionary& tenants = rows.tenant.dictionary();
  for (Code tenant = 0; tenant < tenants.size(); ++tenant) {
    first_coded.push_back(static_cast<std::uint32_t>(coded.size()));
    for (const MeterVersion& version : meters.of_tenant(tenants.text_of(tenant))) {
      CodedMeter meter{};
      if (code_meter(rows, version, meter)) coded.push_back(meter);
    }
  }
  first_coded.push_back(static_cast<std::uint32_t>(coded.size()));
}

/// What one row adds to one meter; -1 when the meter does not count it.
std::int64_t Aggregator::State::units_of(const RequestBatch& rows, std::size_t row,
                                         const CodedMeter& meter) const {
  const MeterVersion& version = *meter.version;
  const std::int64_t time = rows.time[row].value;
  if (time < version.from_us || time >= version.to_us) return -1;
  const std::int64_t status = rows.status[row];
  if (status < version.filter.status_from || status > version.filter.status_to) return -1;
  if (meter.api != Dictionary::kNone && meter.api != rows.api.code_at(row)) return -1;
  if (meter.route != Dictionary::kNone && meter.route != rows.route.code_at(row)) return -1;
  if (meter.method != Dictionary::kNone && meter.method != rows.method.code_at(row)) return -1;
  if (meter.sums_units) return rows.units[row];
  if (meter.sums_quantity) return quantity_of(rows.quantities, row, meter.quantity);
  return 1;
}

void Aggregator::State::grow() {
  slots.assign(std::max<std::size_t>(1024, slots.size() * 2), kNoSlot);
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    std::size_t at = hash_of(entries[i].key) & (slots.size() - 1);
    while (slots[at] != kNoSlot) at = (at + 1) & (slots.size() - 1);
    slots[at] = i;
  }
}

void Aggregator::State::add(const Key& key, std::int64_t units) {
  if ((entries.size() + 1) * 2 > slots.size()) grow();
  std::size_t at = hash_of(key) & (slots.size() - 1);
  while (slots[at] != kNoSlot) {
    const std::uint32_t index = slots[at];
    if (entries[index].key == key) {
      std::int64_t& sum = entries[index].units;
      if (sum > kUnitsCap - units) {
        saturated[index] = 1;
        sum = kUnitsCap;
      } else {
        sum += units;
      }
      return;
    }
    at = (at + 1) & (slots.size() - 1);
  }
  slots[at] = static_cast<std::uint32_t>(entries.size());
  entries.push_back({key, units});
  saturated.push_back(0);
}

void Aggregator::State::add_unprovable(const CommitBatch& batch, std::size_t row,
                                       const Meters& meters, Aggregated& into) const {
  const RequestBatch& rows = batch.rows;
  Unprovable out;
  out.partition = batch.ranges[batch.range_of[row]].partition;
  out.address = batch.address[row];
  out.identity = rows.identity[row];
  out.time = rows.time[row];
  out.append_time = batch.append_time[row];
  out.tenant = rows.tenant.at(row);
  out.subscription = rows.subscription.at(row);
  out.bucket_us = bucket_start(out.time, bucket);
  const auto source = std::ranges::lower_bound(batch.sources, row, {}, &RowSource::row);
  if (source != batch.sources.end() && source->row == row) out.source = source->source;
  const Code tenant = rows.tenant.code_at(row);
  for (std::uint32_t i = first_coded[tenant]; i < first_coded[tenant + 1]; ++i) {
    const std::int64_t units = units_of(rows, row, coded[i]);
    if (units <= 0) continue;
    out.meters.push_back(meters.id(coded[i].version->meter));
    out.units.push_back(units);
  }
  into.unprovable.push_back(std::move(out));
}

void Aggregator::State::write_sorted(const RequestBatch& rows, const Meters& meters,
                                     Aggregated& into) {
  rank_texts(rows.tenant.dictionary(), order, tenant_rank);
  rank_texts(rows.subscription.dictionary(), order, subscription_rank);
  order.resize(entries.size());
  std::iota(order.begin(), order.end(), 0u);
  // Meters are numbered in the order of (tenant, id), so within a tenant by id.
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    const Key &x = entries[a].key, &y = entries[b].key;
    if (x.tenant != y.tenant) return tenant_rank[x.tenant] < tenant_rank[y.tenant];
    if (x.subscription != y.subscription) {
      return subscription_rank[x.subscription] < subscription_rank[y.subscription];
    }
    return x.meter != y.meter ? x.meter < y.meter : x.bucket_us < y.bucket_us;
  });
  for (std::uint32_t i : order) {
    const auto& [key, units] = entries[i];
    const std::string_view tenant = rows.tenant.dictionary().text_of(key.tenant);
    const std::string_view name = rows.subscription.dictionary().text_of(key.subscription);
    into.deltas.add(tenant, name, meters.id(key.meter), key.bucket_us, units);
    if (saturated[i] != 0) {
      into.overflowed.push_back(std::string(tenant) + "/" + std::string(name) + "/" +
                                std::string(meters.id(key.meter)) + " at " +
                                format_rfc3339(key.bucket_us));
    }
  }
}

void Aggregated::clear() {
  catalog_version = 0;
  deltas.clear();
  unprovable.clear();
  unsubscribed.clear();
  overflowed.clear();
}

std::int64_t bucket_start(EventTime time, Micros bucket) {
  return floor_divide(time.value, bucket.count()) * bucket.count();
}

Aggregator::Aggregator(Micros bucket) : state_(new State(bucket)) {
  WEIR_CHECK(bucket.count() > 0);
}
Aggregator::~Aggregator() = default;

void Aggregator::aggregate(const CommitBatch& batch, const Meters& meters, Aggregated& into) {
  State& state = *state_;
  const RequestBatch& rows = batch.rows;
  WEIR_CHECK(batch.verdict.size() == rows.rows() && batch.range_of.size() == rows.rows());
  into.clear();
  into.catalog_version = meters.version();
  into.unsubscribed.assign(batch.ranges.size(), 0);
  state.entries.clear();
  state.saturated.clear();
  std::ranges::fill(state.slots, kNoSlot);
  state.code_meters(rows, meters);
  const Code none = rows.subscription.dictionary().find("");
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const Verdict verdict = batch.verdict[row];
    if (verdict == Verdict::duplicate || verdict == Verdict::dropped) continue;
    const Code subscription = rows.subscription.code_at(row);
    if (verdict == Verdict::unprovable) {
      if (subscription != none) state.add_unprovable(batch, row, meters, into);
      continue;
    }
    if (subscription == none) {
      ++into.unsubscribed[batch.range_of[row]];
      continue;
    }
    const Code tenant = rows.tenant.code_at(row);
    const std::int64_t bucket_us = bucket_start(rows.time[row], state.bucket);
    for (std::uint32_t i = state.first_coded[tenant]; i < state.first_coded[tenant + 1]; ++i) {
      const std::int64_t units = state.units_of(rows, row, state.coded[i]);
      if (units > 0) {
        state.add({tenant, subscription, state.coded[i].version->meter, bucket_us}, units);
      }
    }
  }
  state.write_sorted(rows, meters, into);
}

std::vector<std::int64_t> count_adjusted(const CommitBatch& batch, std::int64_t closed_until_us) {
  std::vector<std::int64_t> counts(batch.ranges.size(), 0);
  const Code none = batch.rows.subscription.dictionary().find("");
  for (std::size_t row = 0; row < batch.rows.rows(); ++row) {
    const bool applied =
        batch.verdict[row] == Verdict::fresh && batch.rows.subscription.code_at(row) != none;
    if (applied && batch.rows.time[row].value < closed_until_us) ++counts[batch.range_of[row]];
  }
  return counts;
}

}  // namespace weir
