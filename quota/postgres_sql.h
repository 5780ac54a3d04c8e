// Pieces that several of quota's statements share.
#pragma once

#include "ingest/stream/record.h"
#include "storage/postgres/connection.h"

// The database's clock as microseconds (apply time). A macro, so that statements stay literals.
#define WEIR_NOW_US "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

namespace weir {

/// $n of a nullable partition.
inline void put_partition(Params& params, std::optional<PartitionId> partition) {
  if (partition) {
    params.integer(partition->value);
  } else {
    params.null();
  }
}

inline constexpr std::string_view kInsertFlag =
    "INSERT INTO quota.integrity_flag (kind, incarnation, partition, what, opened_at_us) "
    "VALUES ($1, $2, $3, $4, " WEIR_NOW_US
    ") ON CONFLICT (kind, incarnation, coalesce(partition, -1), md5(what)) "
    "WHERE cleared_at_us IS NULL DO NOTHING";

}  // namespace weir
