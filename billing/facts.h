// What billing reads of others: the SQL contract v1 of quota, and the stream's own word.
//
// Values only. Times are microseconds since the epoch. Names that begin with Quota are what quota
// publishes; `next` is the next offset that a partition applies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct QuotaDeployment {
  std::string deployment_id;
  std::string topic;
  std::string cluster_id;  // empty until a consumer has seen it
  std::int32_t incarnation = 1;
  std::int32_t partitions = 0;  // 0 until a consumer has seen it
  std::int64_t bucket_us = 0;
  std::int64_t grace_us = 0;             // G
  std::int64_t permitted_future_us = 0;  // also the skew
  std::int64_t delivery_timeout_us = 0;
  std::string partitioner;  // "murmur2" or "any"
  std::int64_t closed_until_us = 0;
  std::string catalog_digest;  // empty before the first apply
};

struct QuotaPartition {
  std::int32_t partition = 0;
  std::int64_t next = 0;
  std::int64_t applied_at_us = 0;
  std::int64_t received = 0, applied = 0, duplicate = 0, quarantined = 0, unprovable = 0;
  std::int64_t adjusted = 0;
  std::int64_t horizon_from_us = 0, horizon_us = 0, restamp_window_us = 0;
};

/// Something open that stands in the way of every close.
struct QuotaBlocker {
  std::string kind;  // "gap", "quarantine", "hole", "lineage"
  std::int64_t id = 0;
  std::optional<std::int32_t> partition;
  std::string what;
  std::int64_t opened_at_us = 0;
};

/// R9. E = offset + 1.
struct WrittenBarrier {
  std::int64_t t_us = 0;
  std::int32_t incarnation = 1;
  std::int32_t partition = 0;
  std::int64_t e = 0;
  std::int64_t append_us = 0;
  std::int64_t d0_us = 0;  // the database's clock before the send
  std::int64_t d1_us = 0;  // and after the ack
};

struct StreamPartition {
  std::int64_t start = 0;
  std::int64_t end = 0;
};

/// The stream as its broker describes it now.
struct StreamLook {
  std::string cluster_id;
  bool log_append_time = true;
  std::int32_t min_insync_replicas = 0;
  std::vector<StreamPartition> partitions;  // by number
};

struct CloseHead {
  std::int64_t id = 0;
  std::int64_t t_us = 0;
  std::string digest;
};

struct BillingCatalog {
  std::int64_t version = 0;
  std::string digest;
  std::string canonical;
};

/// Why T cannot be closed, and what to do about it.
struct Reason {
  std::string code;  // stable: "behind", "gap", "catalog_differs", ...
  std::optional<std::int32_t> partition;
  std::string detail;
  std::string next_action;
  std::int64_t since_us = 0;  // 0: not known
};

}  // namespace weir
