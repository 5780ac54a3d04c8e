// `weir-ingest topic create` and `weir-ingest keys new`: what has to be there before the first event.
#pragma once

#include "base/process.h"
#include "ingest/collector/settings.h"

#include <cstdint>
#include <string>

namespace weir {

/// `volume accept`: prints the id that the volume bears.
ExitCode accept_spool_volume(const CollectorSettings& settings);

struct TopicArguments {
  std::int64_t partitions = 8;
  std::int64_t replication = 1;
  std::int64_t retention_hours = 7 * 24;
  std::int64_t min_insync_replicas = 1;
};
/// A topic that is there already with the same number of partitions is success.
ExitCode create_topic(const CollectorSettings& settings, const TopicArguments& arguments);

/// Appends the entry to `file` (made when it is not there) and prints the key, once.
ExitCode new_key(const std::string& tenant, const std::string& name, const std::string& file);

}  // namespace weir
