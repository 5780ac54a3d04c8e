// The schema `billing`, as numbered SQL files embedded in the binary (billing/migrations/*.sql).
#pragma once

#include "storage/postgres/migrations.h"

#include <span>

namespace weir {

std::span<const Migration> billing_migrations();

}  // namespace weir
