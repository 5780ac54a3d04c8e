#include "quota/volume_commands.h"

#include "base/volume/ballast.h"
#include "base/volume/volume_marker.h"
#include "quota/commands.h"
#include "quota/postgres_store.h"
#include "quota/volume.h"

#include <fmt/core.h>

namespace weir {
namespace {

Result<std::string> accept(const QuotaOptions& options) {
  Result<HeldVolume> held = hold_volume(options.volume);
  if (!held) return held.error();
  const Deadline deadline = Deadline::in(options.database_timeout);
  auto database = open_database(options, "command", deadline);
  if (!database) return database.error();
  Result<Database::Lease> connection = (*database)->acquire(deadline);
  if (!connection) return std::move(connection).error();
  Result<Deployment> deployment = read_deployment(**connection, deadline);
  if (!deployment) return std::move(deployment).error();
  const std::string user = system_user();
  return accept_quota_volume(*held, *deployment, user.empty() ? "unknown" : user, **connection,
                             deadline);
}

ExitCode accept_command(const QuotaOptions& options) {
  Result<std::string> id = accept(options);
  if (!id) return give_up(id.error());
  fmt::print("{} is volume {} from now on; what its index lacks is read from the stream again\n",
             options.volume, *id);
  return ExitCode::done;
}

/// Asks neither the database, which may be down for want of just this room, nor for the folder's lock.
ExitCode release_command(const QuotaOptions& options) {
  Result<std::int64_t> bytes = release_ballast(options.volume);
  if (!bytes) return give_up(bytes.error().within("quota.volume"));
  if (*bytes == 0) {
    return give_up(
        {ErrorCode::not_found, "there is no ballast on " + options.volume,
         "it was released already, or quota.ballast_bytes is 0: make the volume larger"});
  }
  fmt::print(
      "{} bytes are free again on {}: start PostgreSQL now, then make room; the consumer makes the "
      "ballast again when a tenth of the volume is free\n",
      *bytes, options.volume);
  return ExitCode::done;
}

}  // namespace

void declare_volume_commands(CommandLine& line, Settings* settings, const QuotaOptions& options) {
  Command& accepting = line.command(
      "volume accept", "quota.volume is the volume from now on, whatever was known of that place");
  accepting.settings(settings);
  accepting.run([&options] { return accept_command(options); });

  Command& releasing =
      line.command("volume release-ballast", "give up the ballast of a full volume, for recovery");
  releasing.settings(settings);
  releasing.run([&options] { return release_command(options); });
}

}  // namespace weir
