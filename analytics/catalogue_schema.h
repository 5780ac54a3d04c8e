// The tables of the analytics catalogue, as migrations.
#pragma once

#include "storage/sqlite/migrations.h"

#include <span>

namespace weir {

std::span<const SqliteMigration> catalogue_migrations();

}  // namespace weir
