// The faults of the simulation, by name. Each seed draws a subset; each counts when it had an effect.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace weir::simulation {

enum class Fault {
  consumer_crash,
  biller_crash,
  gateway_crash,
  commit_reply_lost,
  duplicated_delivery,  // a record stands in the stream twice
  reordered_delivery,   // a batch lands minutes after a later one
  producer_retry,       // a client sends an accepted event again
  restamped_retry,      // with a new time
  zombie_consumer,      // frozen in mid-flight while others take over, then goes on
  slow_partition,       // delivers nothing for a while
  retention_loss,       // records are gone before they were read
  truncation,           // an unclean election: the tail is gone, its offsets are given anew
  topic_recreated,
  partition_added,
  clock_skew,  // database, broker, gateway: minutes off
  clock_step,  // back or forth, in mid-flight
  late_event,
  poison,  // records that nobody can decode, or that stand in the wrong place
  broker_unreachable,
  lying_watermark,  // a deposed leader tells the log's end
  spool_lost,       // with its disk
  power_failure,    // of the spool's disk: what was not synced is gone or torn
  racing_closes,
  dead_collector,         // with accepted events in its spool, for hours
  provider_timeout,       // the charge never arrives
  provider_reply_lost,    // it does; the reply does not
  provider_double_reply,  // and then comes twice
  operator_bad_moment,
  index_lost,   // the consumer's volume, identity index and all
  ledger_lost,  // the usage database, at the end: rebuilt from the stream (R17)
  kCount
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kCount);

inline constexpr std::array<std::string_view, kFaults> kFaultNames = {
    "crash of a consumer",
    "crash of a billing run",
    "crash of a gateway",
    "commit reply lost",
    "duplicated delivery",
    "reordered delivery",
    "producer retry",
    "retry with a new time",
    "zombie consumer",
    "slow partition",
    "retention loss",
    "truncation",
    "topic recreated",
    "partition added",
    "clock skew",
    "clock step",
    "late event",
    "poison",
    "broker unreachable",
    "lying watermark",
    "spool lost",
    "power failure",
    "racing closes",
    "dead collector",
    "provider time-out",
    "provider reply lost",
    "provider double reply",
    "operator at a bad moment",
    "identity index lost",
    "usage ledger lost",
};

}  // namespace weir::simulation
