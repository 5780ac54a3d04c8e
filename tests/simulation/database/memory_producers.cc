// The ingest transaction's statements about producers and their seals (quota/postgres_producers.cc).
#include "tests/simulation/database/memory_ingest.h"

#include <algorithm>

namespace weir::simulation {
namespace {

std::int64_t last_of(const std::vector<EpochNumbers>& numbers, std::int64_t epoch,
                     std::int32_t partition) {
  for (const EpochNumbers& of : numbers) {
    const auto at = static_cast<std::size_t>(partition);
    if (of.epoch == epoch && at < of.last.size()) return of.last[at];
  }
  return 0;
}

constexpr auto kAny = [](const ProducerRow&) { return true; };

}  // namespace

Result<ProducerState> MemoryIngest::register_producer(const Seal& seal, AppendTime append_time) {
  return session_.run("quota.register_producer", [&]() -> Result<ProducerState> {
    ProducerState state{seal.producer, 0, {}, std::nullopt};
    ProducerRow fresh;
    fresh.accepted_when = seal.accepted_when;
    fresh.registered_at_us = append_time.value;
    fresh.epoch = seal.epoch;
    WEIR_TRY(quota_.producer.upsert(session_, seal.producer, fresh, [&](ProducerRow& row, bool) {
      if (seal.epoch >= row.epoch) row.accepted_when = seal.accepted_when;
      row.registered_at_us = std::min(row.registered_at_us, append_time.value);
      row.epoch = std::max(row.epoch, seal.epoch);
      state.epoch = row.epoch;
      state.finals = row.final_numbers;
      if (row.ended_by) state.end = row.end_numbers;
    }));
    return state;
  });
}

Status MemoryIngest::keep_finals(const std::string& producer,
                                 const std::vector<EpochNumbers>& finals) {
  return session_.run("quota.keep_finals", [&]() -> Status {
    WEIR_TRY(quota_.producer.update(session_, producer, kAny,
                                    [&](ProducerRow& row) { row.final_numbers = finals; }));
    return {};
  });
}

Status MemoryIngest::add_seal(const Seal& seal, AppendTime append_time, std::int64_t edge_us,
                              std::int64_t closed_until_us) {
  return session_.run("quota.add_seal", [&]() -> Status {
    WEIR_TRY(quota_.producer.update(
        session_, seal.producer,
        [&](const ProducerRow& row) {
          return !row.sealed_until_us || *row.sealed_until_us < seal.until_us;
        },
        [&](ProducerRow& row) {
          row.sealed_until_us = seal.until_us;
          row.sealed_append_us = append_time.value;
        }));
    std::vector<std::int64_t> closed;
    quota_.seal.each_from(session_, {seal.producer, INT64_MIN}, [&](const auto& key, const auto&) {
      if (key.first != seal.producer || key.second > closed_until_us) return false;
      closed.push_back(key.second);
      return true;
    });
    for (std::int64_t edge : closed) WEIR_TRY(quota_.seal.erase(session_, {seal.producer, edge}));
    if (edge_us <= closed_until_us) return {};
    WEIR_TRY(quota_.seal.insert(session_, {seal.producer, edge_us},
                                {seal.until_us, append_time.value, seal.numbers}));
    return {};
  });
}

Result<bool> MemoryIngest::end_producer(const Seal& seal, AppendTime append_time) {
  if (const auto done =
          session_.run("quota.lock_producer",
                       [&]() -> Status {
                         WEIR_TRY(quota_.producer.lock(session_, seal.producer, Strength::update));
                         return {};
                       });
      !done)
    return done.error();
  return session_.run("quota.end_producer", [&]() -> Result<bool> {
    bool above = false;
    const NumberKey first{seal.producer, INT64_MIN, INT32_MIN};
    quota_.producer_number.each_from(
        session_, first, [&](const NumberKey& key, const NumberRow& row) {
          const auto& [producer, epoch, partition] = key;
          if (producer != seal.producer) return false;
          above = above || row.highest > last_of(seal.numbers, epoch, partition);
          return true;
        });
    if (above) return false;
    return quota_.producer.update(session_, seal.producer, kAny, [&](ProducerRow& row) {
      row.ended_by = "seal";
      row.ended_at_us = append_time.value;
      row.end_numbers = seal.numbers;
    });
  });
}

Result<std::vector<ProducerEnd>> MemoryIngest::read_ends(std::span<const std::string> producers) {
  return session_.run("quota.read_ends", [&]() -> Result<std::vector<ProducerEnd>> {
    std::vector<std::string> ids(producers.begin(), producers.end());
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    std::vector<ProducerEnd> ends;
    for (const std::string& id : ids) {
      const auto row = quota_.producer.lock(session_, id, Strength::key_share);
      if (!row) return row.error();
      if (*row != nullptr && (*row)->ended_by) ends.push_back({id, (*row)->end_numbers});
    }
    return ends;
  });
}

Status MemoryIngest::revive_producer(const std::string& producer) {
  return session_.run("quota.revive_producer", [&]() -> Status {
    WEIR_TRY(quota_.producer.update(session_, producer, kAny, [&](ProducerRow& row) {
      row.ended_by.reset();
      row.ended_reason.reset();
      row.ended_at_us.reset();
      row.end_numbers.clear();
    }));
    return {};
  });
}

}  // namespace weir::simulation
