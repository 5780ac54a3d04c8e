#include "analytics/rollup.h"

#include "analytics/histogram.h"

#include <algorithm>

namespace weir {
namespace {

// Of a tenant's cap, what it has even where others have used up the whole.
constexpr std::size_t kFirstKeys = 16;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
  return hash ^ (hash >> 32);
}

std::uint32_t other_code(const Dictionary& dictionary) {
  Dictionary::Code code = dictionary.find(kOther);
  return code == Dictionary::kNone ? static_cast<std::uint32_t>(dictionary.size()) : code;
}

void add_present(Int128& sum, std::int64_t value) {
  if (value != kAbsent) sum += value;
}

}  // namespace

std::vector<std::string_view> texts_with_other(const Dictionary& dictionary) {
  std::vector<std::string_view> texts;
  texts.reserve(dictionary.size() + 1);
  for (Dictionary::Code code = 0; code < dictionary.size(); ++code) {
    texts.push_back(dictionary.text_of(code));
  }
  if (dictionary.find(kOther) == Dictionary::kNone) texts.push_back(kOther);
  return texts;
}

void Rollup::add(const RequestBatch& batch, std::span<const std::uint32_t> rows) {
  WEIR_CHECK(batch.has_detail && groups() == 0);
  const DictColumn* columns[kDimensions] = {&batch.tenant, &batch.api, &batch.route, &batch.method,
                                            &batch.subscription};
  for (int d = 0; d < kDimensions; ++d) other_[d] = other_code(columns[d]->dictionary());
  for (std::uint32_t row : rows) {
    Key key;
    key.minute_us = minute_of(batch.time[row].value);
    for (int d = 0; d < kDimensions; ++d) key.codes[d] = columns[d]->code_at(row);
    key.status_class = status_class_of(batch.status[row]);
    std::uint32_t group = group_of(key);
    requests_[group] += 1;
    units_[group] += batch.units[row];
    add_present(request_bytes_[group], batch.request_bytes[row]);
    add_present(response_bytes_[group], batch.response_bytes[row]);
    if (batch.latency_us[row] != kAbsent) count_latency(group, batch.latency_us[row]);
  }
}

void Rollup::count_latency(std::uint32_t group, std::int64_t latency_us) {
  latency_sum_us_[group] += latency_us;
  latency_count_[group] += 1;
  std::int32_t bucket = latency_bucket(latency_us);
  std::uint64_t packed = std::uint64_t{group} << 16 | static_cast<std::uint64_t>(bucket);
  std::uint64_t hash = mix(0, packed);
  std::optional<std::uint32_t> known = buckets_.find(hash, [&](std::uint32_t i) {
    return histogram_group_[i] == group && histogram_bucket_[i] == bucket;
  });
  if (known) {
    histogram_count_[*known] += 1;
    return;
  }
  buckets_.add(hash);
  histogram_group_.push_back(group);
  histogram_bucket_.push_back(bucket);
  histogram_count_.push_back(1);
}

// The cap is asked only when a key is new, so the common case is one probe.
std::uint32_t Rollup::group_of(const Key& wanted) {
  Key key = wanted;
  while (true) {
    std::uint64_t hash = hash_of(key);
    std::optional<std::uint32_t> known = find(key, hash);
    if (!known) {
      Key capped = within_cap(key);
      if (!(capped == key)) {
        key = capped;
        continue;
      }
    }
    if (!(key == wanted)) ++overflow_events_;
    return known ? *known : add_group(key, hash);
  }
}

std::uint64_t Rollup::hash_of(const Key& key) {
  std::uint64_t hash =
      mix(static_cast<std::uint64_t>(key.minute_us), static_cast<std::uint64_t>(key.status_class));
  for (std::uint32_t code : key.codes) hash = mix(hash, code);
  return hash;
}

std::optional<std::uint32_t> Rollup::find(const Key& key, std::uint64_t hash) const {
  return groups_.find(hash, [&](std::uint32_t i) {
    return minute_us_[i] == key.minute_us && status_class_[i] == key.status_class &&
           codes_[tenant][i] == key.codes[tenant] && codes_[api][i] == key.codes[api] &&
           codes_[route][i] == key.codes[route] && codes_[method][i] == key.codes[method] &&
           codes_[subscription][i] == key.codes[subscription];
  });
}

Rollup::Key Rollup::within_cap(const Key& key) {
  if (has_room(key)) return key;
  Key capped = key;
  for (Dimension d : {api, route, method, subscription}) capped.codes[d] = other_[d];
  if (groups_of_minute(key.minute_us) >= 2 * groups_max_) capped.codes[tenant] = other_[tenant];
  return capped;
}

bool Rollup::has_room(const Key& key) {
  const std::uint32_t own = groups_of_tenant(key.minute_us, key.codes[tenant]);
  const std::uint32_t all = groups_of_minute(key.minute_us);
  if (own >= tenant_groups_max_) return false;
  if (all < groups_max_) return true;
  return own < std::min(groups_max_, tenant_groups_max_) / kFirstKeys && all < 2 * groups_max_;
}

std::uint32_t& Rollup::groups_of_tenant(std::int64_t minute_us, std::uint32_t code) {
  std::uint64_t hash = mix(mix(2, static_cast<std::uint64_t>(minute_us)), code);
  auto known = shares_.find(hash, [&](std::uint32_t i) {
    return share_minute_[i] == minute_us && share_tenant_[i] == code;
  });
  if (known) return share_groups_[*known];
  shares_.add(hash);
  share_minute_.push_back(minute_us);
  share_tenant_.push_back(code);
  return share_groups_.emplace_back(0);
}

std::uint32_t& Rollup::groups_of_minute(std::int64_t minute_us) {
  std::uint64_t hash = mix(1, static_cast<std::uint64_t>(minute_us));
  auto known = minutes_.find(hash, [&](std::uint32_t i) { return minute_[i] == minute_us; });
  if (known) return minute_groups_[*known];
  minutes_.add(hash);
  minute_.push_back(minute_us);
  return minute_groups_.emplace_back(0);
}

std::uint32_t Rollup::add_group(const Key& key, std::uint64_t hash) {
  ++groups_of_minute(key.minute_us);
  ++groups_of_tenant(key.minute_us, key.codes[tenant]);
  minute_us_.push_back(key.minute_us);
  for (int d = 0; d < kDimensions; ++d) codes_[d].push_back(key.codes[d]);
  status_class_.push_back(key.status_class);
  requests_.push_back(0);
  latency_count_.push_back(0);
  for (auto* sums : {&units_, &request_bytes_, &response_bytes_, &latency_sum_us_}) {
    sums->push_back(0);
  }
  return groups_.add(hash);
}

void Rollup::clear() {
  overflow_events_ = 0;
  groups_.clear();
  minutes_.clear();
  buckets_.clear();
  shares_.clear();
  for (auto* column :
       {&minute_us_, &requests_, &latency_count_, &minute_, &histogram_count_, &share_minute_}) {
    column->clear();
  }
  for (auto* sums : {&units_, &request_bytes_, &response_bytes_, &latency_sum_us_}) sums->clear();
  for (auto& column : codes_) column.clear();
  for (auto* column : {&status_class_, &histogram_bucket_}) column->clear();
  for (auto* column : {&minute_groups_, &histogram_group_, &share_tenant_, &share_groups_}) {
    column->clear();
  }
}

}  // namespace weir
