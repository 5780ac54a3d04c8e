#include "ingest/collector/admin.h"

#include "base/http/api_keys.h"
#include "base/volume/durable_file.h"
#include "ingest/kafka/kafka_admin.h"

#include <cstdio>
#include <fmt/format.h>

namespace weir {
namespace {

constexpr std::size_t kKeysFileBytesMax = 16u << 20;

ExitCode fail(const Error& error) {
  fmt::print(stderr, "weir-ingest: {}\n", error.text());
  return exit_code_of(error);
}

}  // namespace

ExitCode create_topic(const CollectorSettings& settings, const TopicArguments& arguments) {
  Result<std::unique_ptr<KafkaAdmin>> admin = KafkaAdmin::open(settings.kafka);
  if (!admin) return fail(admin.error());
  TopicPlan plan;
  plan.partitions = static_cast<std::int32_t>(arguments.partitions);
  plan.replication = static_cast<std::int32_t>(arguments.replication);
  plan.retention = std::chrono::hours(arguments.retention_hours);
  plan.min_insync_replicas = static_cast<std::int32_t>(arguments.min_insync_replicas);

  const Deadline deadline = Deadline::in(std::chrono::seconds(30));
  Status created = (*admin)->create_topic(plan, deadline);
  if (created) {
    fmt::print("topic {} created with {} partitions\n", settings.kafka.topic, plan.partitions);
    return ExitCode::done;
  }
  if (created.error().code != ErrorCode::conflict) return fail(created.error());
  Result<std::int32_t> partitions = (*admin)->partition_count(deadline);
  if (!partitions) return fail(partitions.error());
  if (*partitions != plan.partitions) {
    return fail({ErrorCode::config,
                 fmt::format("topic {} is there already, with {} partitions, not {}",
                             settings.kafka.topic, *partitions, plan.partitions),
                 "partitions never change under a topic: use another kafka.topic"});
  }
  fmt::print("topic {} is there already\n", settings.kafka.topic);
  return ExitCode::done;
}

ExitCode new_key(const std::string& tenant, const std::string& name, const std::string& file) {
  std::string entries;
  Result<std::string> present = read_file(file, kKeysFileBytesMax);
  if (present) entries = *present + "\n";
  if (!present && present.error().code != ErrorCode::not_found) return fail(present.error());
  const ApiKeys::NewKey key = ApiKeys::make(tenant, name);
  if (Status written = write_file_durably(file, entries + key.entry); !written) {
    return fail(written.error());
  }
  fmt::print("{}\n", key.key);
  fmt::print(stderr, "keep it: {} holds only its hash\n", file);
  return ExitCode::done;
}

}  // namespace weir
