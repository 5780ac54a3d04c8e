#include "billing/readiness.h"

#include "base/time.h"
#include "billing/trust.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace weir {
namespace {

std::string number(std::int64_t n) { return std::to_string(n); }

const QuotaPartition* progress_of(const Standing& standing, std::int32_t partition) {
  for (const QuotaPartition& row : standing.progress) {
    if (row.partition == partition) return &row;
  }
  return nullptr;
}

void judge_stream(const Standing& standing, std::vector<Reason>& reasons) {
  const QuotaDeployment& deployment = standing.deployment;
  if (!standing.stream) {
    reasons.push_back({"broker_unreachable",
                       {},
                       standing.stream.error().text(),
                       "start the broker, or mend [stream] and [kafka]",
                       0});
    return;
  }
  const StreamLook& stream = *standing.stream;
  if (!stream.topic.empty() && stream.topic != deployment.topic) {
    reasons.push_back({"other_topic",
                       {},
                       "quota reads " + deployment.topic + ", billing looks at " + stream.topic,
                       "set stream.topic to " + deployment.topic,
                       0});
  }
  if (!deployment.cluster_id.empty() && deployment.cluster_id != stream.cluster_id) {
    reasons.push_back({"other_cluster",
                       {},
                       "the stream was read from cluster " + deployment.cluster_id +
                           ", and this is " + stream.cluster_id,
                       "point kafka.brokers at the right cluster",
                       0});
  }
  const auto partitions = static_cast<std::int32_t>(stream.partitions.size());
  if (deployment.partitions != 0 && partitions != deployment.partitions) {
    reasons.push_back({"partitions_changed",
                       {},
                       "the topic has " + number(partitions) + " partitions, the incarnation has " +
                           number(deployment.partitions),
                       "partitions never change within an incarnation: restore the topic",
                       0});
  }
  for (std::int32_t p = 0; p < partitions; ++p) {
    const QuotaPartition* row = progress_of(standing, p);
    if (row == nullptr) {
      reasons.push_back({"never_consumed", p, "no consumer has ever taken this partition",
                         "start weir-quota consume", 0});
    } else if (row->next > stream.partitions[static_cast<std::size_t>(p)].end) {
      reasons.push_back({"log_shorter", p,
                         "applied up to " + number(row->next) + ", but the log ends at " +
                             number(stream.partitions[static_cast<std::size_t>(p)].end),
                         "the log was truncated or made anew: call an operator", 0});
    }
  }
}

void judge_catalogue(const Standing& standing, std::vector<Reason>& reasons) {
  if (!standing.catalog) {
    reasons.push_back(
        {"catalog_missing", {}, "billing has no catalogue", "weir-billing catalog apply FILE", 0});
  } else if (standing.catalog->digest != standing.deployment.catalog_digest) {
    reasons.push_back({"catalog_differs",
                       {},
                       "billing has " + standing.catalog->digest.substr(0, 12) + ", quota has " +
                           standing.deployment.catalog_digest.substr(0, 12),
                       "apply the same file with weir-quota and weir-billing catalog apply",
                       0});
  }
}

void judge_barrier(const Standing& standing, std::int64_t t_us, std::vector<Reason>& reasons) {
  if (!standing.stream) return;
  std::map<std::int32_t, WrittenBarrier> written;
  for (const WrittenBarrier& barrier : barriers_of(standing, t_us)) {
    written[barrier.partition] = barrier;
  }
  const auto partitions = static_cast<std::int32_t>(standing.stream->partitions.size());
  for (std::int32_t p = 0; p < partitions; ++p) {
    const auto barrier = written.find(p);
    if (barrier == written.end()) {
      reasons.push_back({"no_barrier", p, "no barrier for " + format_rfc3339(t_us) + " stands here",
                         "run again: it is written by the next run", 0});
      continue;
    }
    const QuotaPartition* row = progress_of(standing, p);
    if (row == nullptr || row->next >= barrier->second.e) continue;
    reasons.push_back({"behind", p,
                       "applied up to " + number(row->next) + ", the barrier ends at " +
                           number(barrier->second.e),
                       "see that weir-quota consume runs and keeps up", row->applied_at_us});
  }
}

std::string action_for(const QuotaBlocker& blocker) {
  const std::string id = number(blocker.id);
  if (blocker.kind == "gap") return "weir-quota gaps list, then gaps accept " + id;
  if (blocker.kind == "quarantine") {
    return "weir-quota quarantine show " + id + ", then redrive or discard it";
  }
  if (blocker.kind == "lineage")
    return "weir-quota lineage show, then adopt it or restore the topic";
  if (blocker.kind == "move") return "weir-quota move show: who has not switched yet";
  if (blocker.kind == "after_end")
    return "weir-quota flags list: a producer that had ended sent on";
  return "weir-quota flags list shows it";
}

Reason reason_of(const QuotaBlocker& blocker) {
  return {blocker.kind, blocker.partition,
          blocker.kind + " " + number(blocker.id) + ": " + blocker.what, action_for(blocker),
          blocker.opened_at_us};
}

/// While one is open, it is not certain which log a barrier would stand in (R1), or it would be one
/// that is being left (R2).
bool unsettles_lineage(const QuotaBlocker& blocker) {
  return blocker.kind == "lineage" || blocker.kind == "move";
}

void judge_deployment(const QuotaDeployment& deployment, std::vector<Reason>& reasons) {
  if (deployment.replica) {
    reasons.push_back({"replica",
                       {},
                       "the database that answers is a replica, or read-only",
                       "point billing.database at the primary",
                       0});
  }
  const std::int64_t floor = deployment.delivery_timeout_us + deployment.permitted_future_us;
  if (deployment.grace_us < floor) {
    reasons.push_back({"grace_too_short",
                       {},
                       "G is " + humane_duration(Micros(deployment.grace_us)) +
                           ", its floor (delivery time-out and permitted future) is " +
                           humane_duration(Micros(floor)),
                       "set grace_us of quota.deployment to its floor or more",
                       0});
  }
}

int patience(const Reason& reason) {
  if (reason.code == "too_early") return 3;
  if (reason.code == "behind" || reason.code == "no_barrier") return 2;
  if (reason.code == "unsealed" || reason.code == "numbers_missing") return 1;
  return 0;
}

}  // namespace

const Reason& most_urgent(const std::vector<Reason>& reasons) {
  return *std::min_element(reasons.begin(), reasons.end(), [](const Reason& a, const Reason& b) {
    return patience(a) < patience(b);
  });
}

std::vector<Reason> by_urgency(std::vector<Reason> reasons) {
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const Reason& a, const Reason& b) { return patience(a) < patience(b); });
  return reasons;
}

std::int64_t latest_edge(std::int64_t now_us, const QuotaDeployment& deployment) {
  const std::int64_t latest = now_us - deployment.grace_us;
  return latest - latest % deployment.bucket_us;
}

std::vector<Reason> judge_lineage(const Standing& standing) {
  std::vector<Reason> reasons;
  judge_deployment(standing.deployment, reasons);
  judge_stream(standing, reasons);
  judge_catalogue(standing, reasons);
  const std::int64_t closed = standing.last_close ? standing.last_close->t_us : 0;
  if (closed != standing.deployment.closed_until_us) {
    reasons.push_back({"frontier_differs",
                       {},
                       "billing closed up to " + format_rfc3339(closed) +
                           ", quota is frozen up to " +
                           format_rfc3339(standing.deployment.closed_until_us),
                       "one of the schemas was replaced: call an operator",
                       0});
  }
  for (const QuotaBlocker& blocker : standing.blockers) {
    if (unsettles_lineage(blocker)) reasons.push_back(reason_of(blocker));
  }
  return reasons;
}

std::vector<Reason> judge_open(const Standing& standing) {
  std::vector<Reason> reasons;
  for (const QuotaBlocker& blocker : standing.blockers) {
    if (!unsettles_lineage(blocker)) reasons.push_back(reason_of(blocker));
  }
  return reasons;
}

Readiness judge(const Standing& standing, std::int64_t t_us) {
  Readiness readiness{t_us, judge_lineage(standing)};
  std::vector<Reason>& reasons = readiness.reasons;
  if (standing.now_us < t_us + standing.deployment.grace_us) {
    reasons.push_back({"too_early",
                       {},
                       "the database's clock has not passed T + G",
                       "wait; or mend the database's clock",
                       0});
  }
  judge_barrier(standing, t_us, reasons);
  for (Reason& reason : judge_open(standing)) reasons.push_back(std::move(reason));
  for (Reason& reason : judge_trust(standing, t_us).reasons) reasons.push_back(std::move(reason));
  return readiness;
}

std::vector<WrittenBarrier> barriers_of(const Standing& standing, std::int64_t t_us) {
  std::vector<WrittenBarrier> found;
  for (const WrittenBarrier& barrier : standing.barriers) {
    if (barrier.t_us == t_us && barrier.incarnation == standing.deployment.incarnation) {
      found.push_back(barrier);
    }
  }
  return found;
}

std::optional<std::int64_t> greatest_passed(const Standing& standing) {
  if (!standing.stream) return std::nullopt;
  std::set<std::int64_t, std::greater<>> candidates;
  for (const WrittenBarrier& barrier : standing.barriers) candidates.insert(barrier.t_us);
  for (const std::int64_t t_us : candidates) {
    if (t_us <= standing.deployment.closed_until_us) break;
    std::vector<Reason> reasons;
    judge_barrier(standing, t_us, reasons);
    if (reasons.empty() && judge_trust(standing, t_us).reasons.empty()) return t_us;
  }
  return std::nullopt;
}

std::optional<Reason> judge_barrier_times(const WrittenBarrier& barrier,
                                          const QuotaDeployment& deployment) {
  const std::int64_t skew = deployment.permitted_future_us;
  const bool late_enough = barrier.append_us >= barrier.t_us + deployment.grace_us;
  const bool near =
      barrier.append_us >= barrier.d0_us - skew && barrier.append_us <= barrier.d1_us + skew;
  if (late_enough && near) return std::nullopt;
  return Reason{"append_clock", barrier.partition,
                "the barrier bears " + format_rfc3339(barrier.append_us) +
                    ", the database's clock said " + format_rfc3339(barrier.d0_us) + " to " +
                    format_rfc3339(barrier.d1_us),
                "set the broker's and the database's clocks", 0};
}

}  // namespace weir
