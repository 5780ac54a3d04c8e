#include "billing/trust.h"

#include "base/time.h"
#include "billing/seals.h"

#include <algorithm>

namespace weir {
namespace {

bool covers(const Override& override_, const Reason& reason, std::int64_t t_us) {
  return override_.code == reason.code && override_.producer == reason.producer &&
         t_us <= override_.until_us;
}

bool holds(const Reason& broken, Profile profile) {
  return profile == Profile::production || broken.code == "cleanup_policy";
}

void judge_retention(const StreamLook& stream, const Standing& standing,
                     std::vector<Reason>& broken) {
  const std::string action = "raise the topic's retention, or lower billing.hold_max";
  if (standing.hold_max_us > 0 && stream.retention_us >= 0 &&
      stream.retention_us < standing.hold_max_us) {
    broken.push_back({"retention",
                      {},
                      "the topic keeps records for " +
                          humane_duration(Micros(stream.retention_us)) + ": a hold may last " +
                          humane_duration(Micros(standing.hold_max_us)),
                      action,
                      0});
  } else if (stream.retention_bytes >= 0) {
    broken.push_back({"retention",
                      {},
                      "the topic keeps " + grouped(stream.retention_bytes) +
                          " bytes a partition, whatever their age: a hold can outlast them",
                      "set retention.bytes of the topic to -1",
                      0});
  }
}

/// From here on a record finds all of the re-stamp window before it in the index.
std::int64_t whole_window_from_us(const QuotaPartition& row) {
  return std::max(row.restamp_short_until_us, row.horizon_from_us + row.restamp_window_us);
}

void assume_producers(const Standing& standing, std::vector<Assumption>& assumed) {
  if (standing.producers.producers.empty()) {
    assumed.push_back({"no_producer",
                       "no producer numbers what it sends: an event that never reached the stream "
                       "is not missed"});
  }
  if (const std::int64_t events = unnumbered_events(standing); events > 0) {
    assumed.push_back(
        {"unnumbered", grouped(events) +
                           " events came from producers that do not number: what they lost is not "
                           "noticed"});
  }
}

/// R6: copies are recognised from horizon_from on; that is the whole horizon, or less.
void assume_horizon(const Standing& standing, std::vector<Assumption>& assumed) {
  for (const QuotaPartition& row : standing.progress) {
    const std::string partition = "partition " + std::to_string(row.partition);
    const std::int64_t covered = standing.now_us - row.horizon_from_us;
    if (row.horizon_us > 0 && row.horizon_from_us > 0 && covered < row.horizon_us) {
      assumed.push_back({"horizon_shortened", partition + ": copies are recognised for " +
                                                  humane_duration(Micros(covered)) +
                                                  " instead of " +
                                                  humane_duration(Micros(row.horizon_us))});
    }
    if (restamp_shortened(row, standing)) {
      assumed.push_back({"restamp_window_shortened",
                         partition + ": copies with another time were recognised for less than " +
                             humane_duration(Micros(row.restamp_window_us)) + " until " +
                             format_rfc3339(whole_window_from_us(row))});
    }
  }
}

}  // namespace

bool restamp_shortened(const QuotaPartition& row, const Standing& standing) {
  const std::int64_t since_us = standing.last_close ? standing.last_close->t_us : 0;
  const bool counted = row.restamp_short_until_us > since_us;
  const bool now =
      row.horizon_from_us > 0 && standing.now_us < row.horizon_from_us + row.restamp_window_us;
  return counted || now;
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::int64_t unnumbered_events(const Standing& standing) {
  std::int64_t events = 0;
  for (const QuotaPartition& row : standing.progress) events += row.unnumbered;
  return events;
}

bool fully_numbered(const Standing& standing) {
  return !standing.producers.producers.empty() && unnumbered_events(standing) == 0;
}

std::vector<Reason> broken_assumptions(const Standing& standing) {
  std::vector<Reason> broken;
  if (!standing.stream) return broken;
  const StreamLook& stream = *standing.stream;
  auto add = [&](const char* code, std::string detail, const char* action) {
    broken.push_back({code, {}, std::move(detail), action, 0});
  };
  if (stream.one_disk) return broken;  // a broker's settings, and there is none
  if (stream.replication < 2) {
    add("replication", "a partition has one replica: one lost disk loses acknowledged records",
        "give the topic 3 replicas");
  }
  if (stream.min_insync_replicas < 2) {
    add("min_insync_replicas",
        "min.insync.replicas is " + std::to_string(stream.min_insync_replicas) +
            ": a record may be acknowledged by one disk alone",
        "set min.insync.replicas of the topic to 2");
  }
  judge_retention(stream, standing, broken);
  if (stream.cleanup_policy != "delete") {
    add("cleanup_policy",
        "cleanup.policy is " + stream.cleanup_policy + ": the broker removes records by their key",
        "set cleanup.policy of the topic to delete");
  }
  if (!stream.log_append_time) {
    add("timestamp_type", "append times are the producers' own, not the broker's",
        "set message.timestamp.type of the topic to LogAppendTime");
  }
  if (stream.unclean_election) {
    add("unclean_election", "a replica that lags may become leader and drop acknowledged records",
        "set unclean.leader.election.enable of the topic to false");
  }
  return broken;
}

Trust judge_trust(const Standing& standing, std::int64_t t_us) {
  const std::int64_t grace_us = standing.deployment.grace_us;
  std::vector<Reason> all =
      judge_words(words_for(standing.producers, t_us, grace_us), t_us, grace_us);
  for (Reason& broken : broken_assumptions(standing)) {
    if (holds(broken, standing.profile)) all.push_back(std::move(broken));
  }
  Trust trust;
  for (Reason& reason : all) {
    const auto found = std::find_if(standing.overrides.begin(), standing.overrides.end(),
                                    [&](const Override& o) { return covers(o, reason, t_us); });
    if (found == standing.overrides.end()) {
      trust.reasons.push_back(std::move(reason));
    } else if (std::find(trust.used.begin(), trust.used.end(), *found) == trust.used.end()) {
      trust.used.push_back(*found);
    }
  }
  return trust;
}

std::vector<Assumption> assumptions(const Standing& standing) {
  std::vector<Assumption> assumed;
  assume_producers(standing, assumed);
  if (standing.deployment.partitioner == "any") {
    assumed.push_back(
        {"partitioner_any", "foreign producers repeat an event into the same partition"});
  }
  if (standing.stream && standing.stream->one_disk) {
    assumed.push_back({"one_disk",
                       "the stream is on one disk: when it is lost, so are the records that "
                       "weir-quota has not applied"});
  }
  for (Reason& broken : broken_assumptions(standing)) {
    assumed.push_back({broken.code, std::move(broken.detail)});
  }
  assume_horizon(standing, assumed);
  return assumed;
}

}  // namespace weir
