// What happens on the way to the broker, and looks from outside.
#include "tests/simulation/sim_stream.h"

#include <string>

namespace weir::simulation {
namespace {

constexpr std::int64_t kSecondUs = kMicrosPerSecond;

Error away_error() { return {ErrorCode::unavailable, "broker: connection refused", ""}; }

/// Records that outlive the call that sent them.
struct KeptRecords {
  struct Kept {
    std::string content_type, value, producer;
  };
  std::vector<Kept> texts;
  std::vector<OutRecord> records;

  explicit KeptRecords(std::span<const OutRecord> from) {
    texts.reserve(from.size());
    for (const OutRecord& record : from) {
      texts.push_back({std::string(record.content_type), std::string(record.value),
                       std::string(record.origin.producer)});
      OutRecord kept = record;
      kept.content_type = texts.back().content_type;
      kept.value = texts.back().value;
      kept.origin.producer = texts.back().producer;
      records.push_back(kept);
    }
  }
};

/// A request that timed out for its sender and reaches the broker later.
void land_later(SimStream& stream, std::span<const OutRecord> records) {
  Engine& engine = stream.engine();
  auto kept = std::make_shared<KeptRecords>(records);
  const Micros delay(engine.random().between(5, 240) * kSecondUs);
  engine.spawn(engine.process("network"), [&stream, kept, delay] {
    try {
      stream.engine().sleep(delay);
      for (const OutRecord& record : kept->records) {
        if (record.partition.value >= stream.log().partitions()) return;
      }
      if (stream.away()) return;
      if (stream.engine().tracing()) stream.engine().trace("a batch lands late");
      (void)stream.land(kept->records);
      strike(stream.struck(), Fault::reordered_delivery);
    } catch (const Crashed&) {
      return;  // the end of the seed
    }
  });
}

}  // namespace

Result<std::vector<Appended>> SimSink::append(std::span<const OutRecord> records, Deadline) {
  Engine& engine = stream_.engine();
  engine.step("stream.append");
  if (stream_.away()) {
    strike(stream_.struck(), Fault::broker_unreachable);
    engine.sleep(Micros(2 * kSecondUs));
    return away_error();
  }
  for (const OutRecord& record : records) {
    if (record.partition.value < 0 || record.partition.value >= stream_.log().partitions()) {
      return Error{ErrorCode::invalid, "no such partition", ""};
    }
  }
  const Error lost{ErrorCode::in_doubt, "broker: the reply was lost", ""};
  if (engine.random().chance(stream_.late_landings)) {
    land_later(stream_, records);
    engine.sleep(Micros(5 * kSecondUs));
    return lost;
  }
  if (engine.random().chance(stream_.lost_replies)) {
    // A part of it may be in: the producer's retry stands beside it.
    const std::size_t in = 1 + engine.random().below(records.size());
    (void)stream_.land(records.first(in));
    strike(stream_.struck(), Fault::duplicated_delivery);
    engine.sleep(Micros(kSecondUs));
    return lost;
  }
  std::vector<Appended> places = stream_.land(records);
  if (engine.random().chance(stream_.repeats)) {
    (void)stream_.land(records);
    strike(stream_.struck(), Fault::duplicated_delivery);
  }
  engine.step("stream.append.reply");
  return places;
}

Result<std::int32_t> SimSink::partition_count(Deadline) {
  stream_.engine().step("stream.partition_count");
  if (stream_.away()) return away_error();
  return stream_.log().partitions();
}

Status SimEye::ask(const char* where) {
  stream_.engine().step(where);
  if (!stream_.away()) return {};
  strike(stream_.struck(), Fault::broker_unreachable);
  stream_.engine().sleep(Micros(kSecondUs));
  return away_error();
}

Result<StreamLook> SimEye::look(Deadline) {
  WEIR_TRY(ask("eye.look"));
  StreamLook look;
  look.cluster_id = "cluster-1";
  look.min_insync_replicas = 2;
  look.replication = 3;
  for (std::int32_t p = 0; p < stream_.log().partitions(); ++p) {
    const LogBounds bounds = stream_.log().bounds(PartitionId{p});
    std::int64_t end = bounds.end.value;
    if (stream_.lies() && stream_.lie != 0) {
      end = std::max<std::int64_t>(bounds.start.value, end + stream_.lie);
      strike(stream_.struck(), Fault::lying_watermark);
    }
    look.partitions.push_back({bounds.start.value, end});
  }
  return look;
}

Result<std::optional<std::string>> SimEye::digest_at(std::int32_t partition, std::int64_t offset,
                                                     Deadline deadline) {
  const auto anchor = anchor_at(PartitionId{partition}, Offset{offset}, deadline);
  if (!anchor) return anchor.error();
  if (!*anchor) return std::optional<std::string>();
  return std::optional((*anchor)->digest);
}

Result<std::string> SimEye::cluster_id(Deadline) {
  WEIR_TRY(ask("eye.cluster_id"));
  return std::string("cluster-1");
}
Result<std::int32_t> SimEye::partition_count(Deadline) {
  WEIR_TRY(ask("eye.partition_count"));
  return stream_.log().partitions();
}
Result<LogBounds> SimEye::bounds(PartitionId partition, Deadline) {
  WEIR_TRY(ask("eye.bounds"));
  return stream_.log().bounds(partition);
}
Result<std::optional<Anchor>> SimEye::anchor_at(PartitionId partition, Offset offset, Deadline) {
  WEIR_TRY(ask("eye.anchor_at"));
  if (partition.value >= stream_.log().partitions()) {
    return Error{ErrorCode::not_found, "no such partition", ""};
  }
  return stream_.log().anchor_at(partition, offset);
}

}  // namespace weir::simulation
