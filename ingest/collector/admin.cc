#include "ingest/collector/admin.h"

#include "base/http/api_keys.h"
#include "base/volume/descriptor.h"
#include "base/volume/durable_file.h"
#include "ingest/collector/failure.h"
#include "ingest/collector/outlet.h"
#include "ingest/connect/connect.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>

namespace weir {
namespace {

constexpr std::size_t kKeysFileBytesMax = 16u << 20;
constexpr Micros kLockTimeout = std::chrono::seconds(10);
constexpr Micros kLockPause = std::chrono::milliseconds(5);

// The file itself is locked, so that nothing is left beside it. Whoever had it put another in its place:
// then that one is locked.
Result<Descriptor> lock_file(const std::string& path, Deadline deadline) {
  while (true) {
    Result<Descriptor> file = Descriptor::open(path, O_RDWR | O_CREAT);
    if (!file) return file;
    struct stat mine = {}, named = {};
    if (::flock(file->get(), LOCK_EX | LOCK_NB) == 0) {
      const bool same = ::fstat(file->get(), &mine) == 0 && ::stat(path.c_str(), &named) == 0 &&
                        mine.st_ino == named.st_ino;
      if (same) return file;
    } else if (errno != EWOULDBLOCK && errno != EINTR) {
      return error_of(errno, "cannot lock", path);
    }
    if (deadline.passed()) {
      return Error{ErrorCode::conflict, path + " is being changed by another process",
                   "run the same command again"};
    }
    std::this_thread::sleep_for(kLockPause);
  }
}

}  // namespace

ExitCode accept_spool_volume(const CollectorSettings& settings) {
  Result<std::string> id = accept_spools(settings);
  if (!id) return fail(id.error());
  fmt::print("the spools' volume is {} from now on\n", *id);
  return ExitCode::done;
}

ExitCode create_topic(const CollectorSettings& settings, const TopicArguments& arguments) {
  TopicPlan plan;
  plan.partitions = static_cast<std::int32_t>(arguments.partitions);
  plan.replication = static_cast<std::int32_t>(arguments.replication);
  plan.retention = std::chrono::hours(arguments.retention_hours);
  plan.min_insync_replicas = static_cast<std::int32_t>(arguments.min_insync_replicas);

  const Deadline deadline = Deadline::in(std::chrono::seconds(30));
  Status created = make_topic(settings.stream, plan, deadline);
  if (created) {
    fmt::print("topic {} created with {} partitions\n", settings.stream.topic, plan.partitions);
    return ExitCode::done;
  }
  if (created.error().code != ErrorCode::conflict) return fail(created.error());
  Result<std::unique_ptr<StreamLog>> log = connect_log(settings.stream);
  if (!log) return fail(log.error());
  Result<std::int32_t> partitions = (*log)->partition_count(deadline);
  if (!partitions) return fail(partitions.error());
  if (*partitions != plan.partitions) {
    return fail({ErrorCode::config,
                 fmt::format("topic {} is there already, with {} partitions, not {}",
                             settings.stream.topic, *partitions, plan.partitions),
                 "partitions never change under a topic: use another stream.topic"});
  }
  fmt::print("topic {} is there already\n", settings.stream.topic);
  return ExitCode::done;
}

ExitCode new_key(const std::string& tenant, const std::string& name, const std::string& file) {
  Result<Descriptor> alone = lock_file(file, Deadline::in(kLockTimeout));
  if (!alone) return fail(alone.error());
  Result<std::string> present = read_file(file, kKeysFileBytesMax);
  if (!present) return fail(present.error());
  const std::string before = present->empty() ? "" : *present + "\n";
  const ApiKeys::NewKey key = ApiKeys::make(tenant, name);
  if (Status written = write_file_durably(file, before + key.entry); !written) {
    return fail(written.error());
  }
  fmt::print("{}\n", key.key);
  fmt::print(stderr, "keep it: {} holds only its hash\n", file);
  return ExitCode::done;
}

}  // namespace weir
