// quota's own volume: held by one process, and known to the database by its place.
//
// The marker (base/volume/volume_marker.h) says whose the volume is; quota.volume says which one is used at
// a host and folder. Together they tell a first start from a volume that is not mounted: the first finds an
// empty folder in a place that the database does not know. A volume may move to another place (its marker
// says what it is); two volumes in one place, one after the other, need an operator's word.
#pragma once

#include "base/result.h"
#include "base/volume/durable_file.h"
#include "quota/store.h"
#include "storage/postgres/connection.h"

#include <string>

namespace weir {

/// The folder, held for the life of the object: another process's consumer would take our unnamed index
/// files for rubbish.
struct HeldVolume {
  FolderLock lock;
  std::string folder;  // its true name: links are followed
};
/// Before the database is asked. Errors: `config` for a folder that cannot be used, or is another side's
/// volume; `conflict`, with the holder's process id, for one that is held.
Result<HeldVolume> hold_volume(const std::string& path);

/// The volume's id: index files are counted by it (R5). Marks a volume that is used for the first time,
/// and makes its folders. Error `config` for one that is not what the marker or the database say.
Result<std::string> settle_volume(const HeldVolume& held, const Deployment& deployment,
                                  Connection& connection, Deadline deadline);

/// By the word of an operator: this folder is the volume from now on, whatever was known. Gives its id.
/// What its index lacks is read from the stream again.
Result<std::string> accept_quota_volume(const HeldVolume& held, const Deployment& deployment,
                                        const std::string& by, Connection& connection,
                                        Deadline deadline);

/// Of a ledger that is made anew (`weir-quota rebuild`): as settle_volume, but the volume of the ledger
/// that it replaces is given over to it, as long as it has counted nothing and knows no volume itself.
Result<std::string> inherit_volume(const HeldVolume& held, const Deployment& deployment,
                                   Connection& connection, Deadline deadline);

}  // namespace weir
