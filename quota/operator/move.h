// Moving the stream to another topic, of more partitions or fewer (R2).
//
//   declare   writes down that it will happen. From then on no barrier is written and nothing is closed
//   (the producers are started with the new topic: each drains its spool into the old one, writes its
//    final seal there, and goes on in the new one)
//   finish    once every registered producer has ended or written its final seal in the old topic and
//             every partition is applied to its end: ends the incarnation at that vector and begins the
//             next one on the new topic, in one transaction that fences every consumer of the old one
//   cancel    as long as nothing stands in the new topic
//
// plan_move() and plan_finish() read and judge, and write nothing; standing_of() is what an operator is
// shown. The identity index of what begins inherits the old topic's last horizon (quota/inheritance.h);
// where a partition's horizon does not reach back to its first record, C of R6 says so.
//
// Errors: `unavailable`; `conflict` when it cannot be done now, with what to do instead.
#pragma once

#include "quota/operator/adopt.h"
#include "quota/operator/operator_store.h"
#include "quota/operator/resolve.h"

#include <optional>
#include <string>
#include <vector>

namespace weir {

/// The topic that is moved to, as its broker describes it.
struct NewTopic {
  std::string topic, cluster_id;
  std::string timestamp_type, cleanup_policy;
  std::vector<LogBounds> partitions;
  bool empty() const;
};

Result<NewMove> plan_move(const LineageFacts& facts, const NewTopic& topic);
Result<Resolution> declare_move(OperatorStore& store, const Decision& decision, const NewMove& move,
                                Deadline deadline);
/// `topic`: nothing when it is not there any more.
Result<Resolution> cancel_move(OperatorStore& store, const Decision& decision,
                               const std::optional<NewTopic>& topic, Deadline deadline);

/// How far a move has come.
struct PartitionLeft {
  PartitionId partition;
  Offset next, end;  // applied up to; the log's end
};
struct ProducerLeft {
  std::string producer;
  std::string waits_for;  // "": it has ended, or switched
};
struct MoveStanding {
  MoveRow move;
  std::vector<PartitionLeft> partitions;
  std::vector<ProducerLeft> producers;
  std::int64_t open_redrives = 0;
  std::vector<FlagRow> breaks;

  /// Why it cannot be finished yet: one reason a line, the first one to act on first.
  std::vector<std::string> left() const;
  std::string next_action() const;
};
/// What of a producer's word is missing: "" when nothing is.
std::string waits_for(const ProducerFinals& producer);
/// `not_found`: no move is declared.
Result<MoveStanding> standing_of(OperatorStore& store, LogLook& former, Deadline deadline);

struct FinishPlan {
  MoveRow move;
  std::vector<ProgressRow> former;  // by partition
  NewIncarnation begins;
};
/// `skew`: as the identity index has it.
Result<FinishPlan> plan_finish(const LineageFacts& facts, const MoveRow& move, LogLook& former,
                               Micros skew, Deadline deadline);
/// `conflict` when anything is left (standing_of), or changed since the plan was made. Looks at the old
/// topic's ends once more, behind the fence.
Result<Resolution> finish_move(OperatorStore& store, const Decision& decision,
                               const FinishPlan& plan, LogLook& former, Deadline deadline);

}  // namespace weir
