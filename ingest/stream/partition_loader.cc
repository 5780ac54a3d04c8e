#include "ingest/stream/partition_loader.h"

#include "base/log.h"
#include "ingest/stream/lineage.h"
#include "ingest/stream/retry.h"

#include <algorithm>

namespace weir {

namespace {

/// The bounds are for all partitions together; each gets an equal share.
IdentityOptions share_of_one(IdentityOptions options, std::int32_t partitions) {
  const auto shares = static_cast<std::size_t>(std::max(1, partitions));
  const std::size_t least = std::min<std::size_t>(options.open_bytes_max, 1u << 20);
  options.open_bytes_max = std::max(options.open_bytes_max / shares, least);
  options.sealed_bytes_max /= shares;
  return options;
}

}  // namespace

Status PartitionLoader::load(std::span<PartitionReader* const> readers) {
  Result<std::int32_t> count = source_.partition_count(deadline());
  if (!count) return count.error();
  partition_count_ = *count;
  std::vector<PartitionId> partitions;
  for (const PartitionReader* reader : readers) partitions.push_back(reader->partition);
  Result<std::vector<PartitionState>> states = handler_.load(partitions, *count, deadline());
  if (!states) return states.error().within("load of the stored positions");
  Status worst;
  for (PartitionReader* reader : readers) {
    const auto state = std::find_if(states->begin(), states->end(), [&](const PartitionState& s) {
      return s.partition == reader->partition;
    });
    WEIR_CHECK(state != states->end());
    Status prepared = prepare(*reader, *state);
    // One that is away keeps nobody else waiting; what must stop is told before what may pass.
    const bool tell = !prepared && (worst || is_transient(worst.error()));
    if (tell && (worst || !is_transient(prepared.error()))) worst = std::move(prepared);
  }
  return worst;
}

Status PartitionLoader::prepare(PartitionReader& reader, const PartitionState& state) {
  Result<LogBounds> bounds = source_.bounds(reader.partition, deadline());
  if (!bounds) return bounds.error();
  Result<std::optional<std::string>> broken =
      find_lineage_break(source_, state, *bounds, deadline());
  if (!broken) return broken.error();
  if (*broken) return stop_broken(reader, **broken);

  reader.incarnation = state.incarnation;
  reader.next = state.next;
  reader.quarantined = state.quarantined;
  Result<IdentityIndex> index = IdentityIndex::open(
      share_of_one(options_.identity, partition_count_), state.incarnation.value,
      reader.partition.value, state.generations, bounds->start.value);
  if (!index) return index.error().within("identity index");
  reader.index.emplace(std::move(*index));
  if (state.unheld_until) reader.index->set_unheld_until(*state.unheld_until);
  if (reader.index->covered().to > state.next.value) {
    return Error{ErrorCode::integrity,
                 "partition " + std::to_string(reader.partition.value) +
                     ": the identity index holds addresses that were never applied",
                 "restore the database and the index's volume together"};
  }
  Result<Offset> from = reading_start(reader, state, *bounds);
  if (!from) return from.error();
  return begin_reading(reader, *from, *bounds);
}

Status PartitionLoader::stop_broken(PartitionReader& reader, const std::string& what) {
  WEIR_TRY(handler_.report_break(reader.partition, what, deadline()));
  log_error("lineage break; the partition is not read",
            {{"partition", reader.partition.value}, {"what", what}});
  reader.stage = Stage::broken;
  reader.why_not_live = "lineage break: " + what;
  return {};
}

Result<Offset> PartitionLoader::reading_start(PartitionReader& reader, const PartitionState& state,
                                              const LogBounds& bounds) {
  const IdentityIndex::Coverage covered = reader.index->covered();
  if (covered.from < covered.to) {
    const Offset on{covered.to};
    if (on == state.next || bounds.start <= on) return std::max(on, bounds.start);
    log_warn("identity index: the stream lost what is missing behind the files",
             {{"partition", reader.partition.value},
              {"files_to", on.value},
              {"log_start", bounds.start.value}});
    reader.index->begin_at(bounds.start.value, false);
    return bounds.start;
  }
  Result<Offset> from = rebuild_start(reader, state, bounds);
  if (!from) return from.error();
  const bool from_first_record = state.incarnation.value == 1 && from->value == 0;
  reader.index->begin_at(from->value, from_first_record);
  return from;
}

Result<Offset> PartitionLoader::rebuild_start(const PartitionReader& reader,
                                              const PartitionState& state,
                                              const LogBounds& bounds) {
  const Offset named{reader.index->rebuild_from()};
  // Never below what the recorded verdicts that were loaded speak of.
  if (!state.generations.empty()) return std::max({named, bounds.start, state.first_named()});
  if (!state.anchor || state.next <= bounds.start) return bounds.start;
  const AppendTime horizon = state.anchor->append_time - options_.identity.horizon.count();
  Result<Offset> at = source_.offset_at(reader.partition, horizon, deadline());
  if (!at) return at.error();
  return std::clamp(*at, bounds.start, state.next);
}

Status PartitionLoader::begin_reading(PartitionReader& reader, Offset from,
                                      const LogBounds& bounds) {
  if (reader.next < bounds.start) {
    reader.gap = Gap{reader.partition, reader.next, bounds.start,
                     "the stream no longer has these records (retention)"};
    log_error("gap: records were lost before they were read",
              {{"partition", reader.partition.value},
               {"from", reader.next.value},
               {"to", bounds.start.value}});
  }
  WEIR_TRY(source_.start(reader.partition, from));
  reader.read_to = from;
  reader.stage = from < reader.next ? Stage::indexing : Stage::live;
  reader.why_not_live = "identity index is being read from the stream";
  if (reader.gap) reader.index->advance_to(from.value, std::nullopt);
  log_info("partition assigned", {{"partition", reader.partition.value},
                                  {"next", reader.next.value},
                                  {"reading_from", from.value},
                                  {"index_from", reader.index->covered().from},
                                  {"horizon_from_us", reader.index->horizon_from().value}});
  return {};
}

}  // namespace weir
