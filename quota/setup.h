// Setting up the quota database, and checking that the settings still say what it was set up with.
//
// Bucket length, grace and its two parts, partitioner and topic are decided once: they are written
// into quota.deployment by the first `weir-quota migrate`. From then on a setting that says otherwise
// is a fault that names both values, in every command.
#pragma once

#include "base/result.h"
#include "base/settings.h"
#include "base/time.h"
#include "quota/store.h"
#include "storage/postgres/connection.h"

#include <string>
#include <vector>

namespace weir {

struct Decided {
  Micros bucket{0}, permitted_future{0}, delivery_timeout{0}, grace{0};
  std::string partitioner;
};

/// What cannot be whatever the database says: a bucket that does not divide 15 min, a grace below
/// its floor (R10).
std::vector<Fault> check_decided(const Decided& decided);
/// Every setting that differs from what the database was created with.
std::vector<Fault> compare_decided(const Decided& decided, const std::string& topic,
                                   const Deployment& deployment);

/// Migrations, then the deployment's row, or a comparison with the one that stands. Gives a line for
/// each thing that was done. Error `config` with all faults.
Result<std::vector<std::string>> set_up_database(Connection& connection, const Decided& decided,
                                                 const std::string& topic, Deadline deadline);

/// For every other command: the schema is up to date, and the settings agree with it.
Result<Deployment> check_database(Connection& connection, const Decided& decided,
                                  const std::string& topic, Deadline deadline);

}  // namespace weir
