// The marker file of a volume: is this folder the volume that it was?
//
// A volume that did not come up at boot leaves an empty folder on the root disk, and swapped mounts leave
// another one's files. So every volume bears a file `weir-volume`, written when it is first used:
//
//   side quota
//   id 5b2c…                        made once; of quota and analytics also the volume id of index files
//   deployment 9f31…                whose data this is; "-": not bound
//   filesystem ef53-fae99e1fe954156e
//   made 2026-03-01T12:00:00Z
//
// What is not as the marker says is refused, as error `config`, in words that say what to do; nothing is
// written before that is settled. `filesystem` is the kernel's name of the file system (statfs), kept only
// of those whose name is their own and lasts (ext, btrfs, tmpfs); of others (XFS: the device's number;
// overlay, NFS) it is "-" and nothing is concluded. Several processes may claim a volume at once: one
// writes the marker, the others read it. Threads: any.
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <vector>

namespace weir {

struct VolumeMarker {
  std::string side;        // "quota", "analytics", "ingest"
  std::string id;          // 32 hex digits
  std::string deployment;  // "": not bound to one
  std::string filesystem;  // "": it has no name that lasts
  std::string made_at;     // RFC 3339

  friend bool operator==(const VolumeMarker&, const VolumeMarker&) = default;
};

/// What a process expects of a folder.
struct VolumeClaim {
  std::string side;
  std::string setting;     // that named the folder: "quota.volume"
  std::string deployment;  // "": any
  std::string id;          // that somebody else remembers of the volume in this place; "": any
  std::string known_by;    // who remembers it: "the quota database"
  /// What a volume that was never used may hold besides hidden files and lost+found; a name that ends
  /// with '*' stands for all that begin so.
  std::vector<std::string> may_hold = {};
};

std::string marker_path(const std::string& folder);
/// "" where the file system has no name that lasts.
Result<std::string> filesystem_of(const std::string& folder);
/// Nothing when the folder has no marker, or is not there.
Result<std::optional<VolumeMarker>> read_marker(const std::string& folder);
/// Of a marker that is there. Writes nothing.
Status check_marker(const std::string& folder, const VolumeMarker& marker,
                    const VolumeClaim& claim);

/// The marker that stands and is as claimed; else a new one, in an empty folder of which nobody remembers
/// anything. Makes the folder when it is missing.
Result<VolumeMarker> claim_volume(const std::string& folder, const VolumeClaim& claim);

/// By an operator, who knows that this folder is the volume from now on: a lost one was replaced, or moved
/// to another file system. It keeps its id if it was this deployment's (claim.id does not matter). The
/// other side's marker is never overwritten.
Result<VolumeMarker> accept_volume(const std::string& folder, const VolumeClaim& claim);

}  // namespace weir
