#include "quota/volume.h"

#include "base/log.h"
#include "base/volume/volume_marker.h"
#include "quota/postgres_sql.h"

#include <array>
#include <filesystem>
#include <unistd.h>

namespace weir {
namespace {

constexpr const char* kSetting = "quota.volume";

/// A volume that is missing or read-only is the operator's to mend, and a start that fails the same way
/// again helps nobody. One that is held, or full, may be free in a moment.
Error volume_error(Error error) {
  const bool passes = error.code == ErrorCode::conflict || error.code == ErrorCode::full;
  if (!passes) error.code = ErrorCode::config;
  return error.within(kSetting);
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

VolumeClaim claim_of(const Deployment& deployment, const std::string& known_id) {
  // PostgreSQL's data may lie on the same volume, and be there first.
  return {"quota",
          kSetting,
          deployment.deployment_id,
          known_id,
          "the quota database",
          {"lock", "postgres*"}};
}

/// "": the database knows no volume in this place.
Result<std::string> known_here(const std::string& folder, Connection& connection,
                               Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT volume_id FROM quota.volume "
      "WHERE host = $1 AND folder = $2 AND given_up_at_us IS NULL",
      Params().text(host_name()).text(folder), deadline);
  if (!rows) return std::move(rows).error();
  return rows->empty() ? std::string() : std::string(rows->text(0, 0));
}

Status know(const std::string& id, const std::string& folder, Connection& connection,
            Deadline deadline) {
  Result<Rows> moved = connection.run(
      "INSERT INTO quota.volume AS v (volume_id, host, folder, since_us) "
      "VALUES ($1, $2, $3, " WEIR_NOW_US
      ") ON CONFLICT (volume_id) DO UPDATE SET host = excluded.host, folder = excluded.folder, "
      "since_us = excluded.since_us, given_up_at_us = NULL, given_up_by = NULL "
      "WHERE (v.host, v.folder) IS DISTINCT FROM (excluded.host, excluded.folder) "
      "OR v.given_up_at_us IS NOT NULL RETURNING volume_id",
      Params().text(id).text(host_name()).text(folder), deadline);
  if (!moved) return std::move(moved).error();
  if (!moved->empty()) log_info("the volume is used here from now on", {{"volume", id}});
  return {};
}

Result<std::string> put_to_use(const HeldVolume& held, const std::string& id,
                               Connection& connection, Deadline deadline) {
  WEIR_TRY(know(id, held.folder, connection, deadline));
  if (Status made = make_folders(held.folder + "/identity"); !made) {
    return volume_error(made.error());
  }
  return id;
}

}  // namespace

Result<HeldVolume> hold_volume(const std::string& path) {
  if (Status made = make_folders(path); !made) return volume_error(made.error());
  // Before the first byte is written: it may be another side's.
  Result<std::optional<VolumeMarker>> marker = read_marker(path);
  if (!marker) return volume_error(marker.error());
  if (*marker) WEIR_TRY(check_marker(path, **marker, claim_of(Deployment{}, "")));
  if (Status usable = check_volume(path); !usable) return volume_error(usable.error());
  Result<FolderLock> lock = FolderLock::take(path);
  if (!lock) return volume_error(lock.error());
  std::error_code fault;
  const std::string folder = std::filesystem::canonical(path, fault);
  if (fault) return Error{ErrorCode::config, path + ": " + fault.message(), ""}.within(kSetting);
  return HeldVolume{*std::move(lock), folder};
}

Result<std::string> settle_volume(const HeldVolume& held, const Deployment& deployment,
                                  Connection& connection, Deadline deadline) {
  Result<std::string> known = known_here(held.folder, connection, deadline);
  if (!known) return known;
  Result<VolumeMarker> marker = claim_volume(held.folder, claim_of(deployment, *known));
  if (!marker) return marker.error();
  return put_to_use(held, marker->id, connection, deadline);
}

Result<std::string> accept_quota_volume(const HeldVolume& held, const Deployment& deployment,
                                        const std::string& by, Connection& connection,
                                        Deadline deadline) {
  Result<VolumeMarker> marker = accept_volume(held.folder, claim_of(deployment, ""));
  if (!marker) return marker.error();
  WEIR_TRY(connection.run("UPDATE quota.volume SET given_up_at_us = " WEIR_NOW_US
                          ", given_up_by = $4 WHERE host = $1 AND folder = $2 "
                          "AND volume_id <> $3 AND given_up_at_us IS NULL",
                          Params().text(host_name()).text(held.folder).text(marker->id).text(by),
                          deadline));
  return put_to_use(held, marker->id, connection, deadline);
}

Result<std::string> inherit_volume(const HeldVolume& held, const Deployment& deployment,
                                   Connection& connection, Deadline deadline) {
  Result<std::optional<VolumeMarker>> marker = read_marker(held.folder);
  if (!marker) return marker.error();
  Result<Rows> used = connection.run(
      "SELECT 1 WHERE EXISTS (SELECT FROM quota.volume) "
      "OR EXISTS (SELECT FROM quota.progress WHERE received > 0)",
      deadline);
  if (!used) return std::move(used).error();
  const bool replaced = *marker && (*marker)->deployment != deployment.deployment_id;
  if (!replaced || !used->empty()) {
    return settle_volume(held, deployment, connection, deadline);
  }
  log_warn("the volume of the ledger that is replaced is taken over",
           {{"folder", held.folder}, {"volume", (*marker)->id}});
  return accept_quota_volume(held, deployment, "weir-quota rebuild", connection, deadline);
}

}  // namespace weir
