// The schema `quota`, as numbered SQL files (quota/migrations/*.sql) embedded in the binary.
#pragma once

#include "storage/postgres/migrations.h"

#include <span>

namespace weir {

std::span<const Migration> quota_migrations();

}  // namespace weir
