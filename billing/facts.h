// What billing reads of others: the SQL contract v2 of quota, and the stream's own word.
//
// Values only. Times are microseconds since the epoch. Names that begin with Quota are what quota
// publishes; `next` is the next offset that a partition applies.
#pragma once

#include "ingest/codec/seal.h"

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
  bool replica = false;        // the database that answered is no primary
};

/// A producer that numbers and seals (R13).
struct QuotaProducer {
  std::string producer;
  std::string accepted_when;  // "spool", "broker", "input"
  std::int64_t registered_at_us = 0;
  std::optional<std::int64_t> sealed_until_us;  // W of its newest seal
  /// Its END or an operator's retirement: what it names is final. Counts once all of it is applied.
  std::optional<std::vector<EpochNumbers>> end_numbers;
  std::string ended_by;  // "seal", or the operator
};
/// The first seal with W >= T + G for the bucket edge T = edge_us.
struct QuotaSeal {
  std::string producer;
  std::int64_t edge_us = 0;
  std::int64_t until_us = 0;  // W
  std::int64_t append_us = 0;
  std::vector<EpochNumbers> numbers;
};
/// Everything of this producer up to `contiguous` is applied, or was accepted as lost.
struct QuotaNumber {
  std::string producer;
  std::int64_t epoch = 0;
  std::int32_t partition = 0;
  std::int64_t contiguous = 0;
};
struct QuotaProducers {
  std::vector<QuotaProducer> producers;  // by id
  std::vector<QuotaSeal> seals;          // by producer and edge
  std::vector<QuotaNumber> numbers;
};

struct QuotaPartition {
  std::int32_t partition = 0;
  std::int64_t next = 0;
  std::int64_t applied_at_us = 0;
  std::int64_t received = 0, applied = 0, duplicate = 0, quarantined = 0, unprovable = 0;
  std::int64_t adjusted = 0;
  std::int64_t unnumbered = 0;  // of received: from producers that make no promise
  std::int64_t horizon_from_us = 0, horizon_us = 0, restamp_window_us = 0;
  std::int64_t restamp_short_until_us = 0;  // append time; 0: the window was whole for every record
};

/// Something open that stands in the way of every close.
struct QuotaBlocker {
  std::string kind;  // "gap", "quarantine", "lineage", "move", "overflow", "after_end"
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
  std::int32_t replication = 0;             // the least of all partitions
  std::string cleanup_policy = "delete";
  std::int64_t retention_us = -1;     // -1: for ever
  std::int64_t retention_bytes = -1;  // of a partition; -1: no bound
  bool unclean_election = false;
  bool one_disk = false;   // a file log: what the broker's settings say does not apply
  std::string topic = {};  // the one that was looked at; empty: its eye does not say
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
  std::string producer = {};  // of the reasons that are one producer's
};

}  // namespace weir
