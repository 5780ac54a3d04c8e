#include "quota/rebuild/rebuild.h"
#include "tests/simulation/mutants/mutant.h"

#include <algorithm>

namespace weir::simulation {
namespace {

/// Cuts the stream where the broker's clock passed the moment of the close: wherever the consumer was.
void cut_by_the_clock(RebuildFrom& from) {
  for (CloseVector& close : from.closes) {
    for (CutCounts& cut : close.partitions) {
      const PartitionId partition{static_cast<std::int32_t>(cut.partition)};
      const auto at = from.source.offset_at(partition, AppendTime{close.closed_at_us},
                                            Deadline::in(std::chrono::seconds(10)));
      const auto bounds = from.source.bounds(partition, Deadline::in(std::chrono::seconds(10)));
      if (!at || !bounds) continue;
      cut.n = std::min(at->value, bounds->end.value);
    }
  }
}

void no_decisions(RebuildFrom& from) { from.decisions.clear(); }

/// One vector of one close is one record short.
void off_by_one(RebuildFrom& from) {
  if (from.closes.empty()) return;
  for (CutCounts& cut : from.closes[from.closes.size() / 2].partitions) {
    if (cut.n > 0) --cut.n;
  }
}

Mutant mutant(std::string name, std::string history, std::set<Fault> favour,
              std::function<void(RebuildFrom&)> rebuild) {
  favour.insert(Fault::ledger_lost);
  return {"R17", std::move(name), std::move(history), [favour, rebuild] {
            WorldHooks hooks;
            hooks.favour = favour;
            hooks.rebuild = rebuild;
            return hooks;
          }};
}

}  // namespace

std::vector<Mutant> rebuild_mutants() {
  return {
      mutant("cut_by_the_clock",
             "a partition stood still when the period was closed: what it held was late, and is "
             "rebuilt as if it had been billed with its period",
             {Fault::late_event, Fault::slow_partition}, cut_by_the_clock),
      mutant("decisions_not_replayed",
             "what an operator mended and sent again comes to a row that nobody split: not counted",
             {Fault::poison}, no_decisions),
      mutant("vector_off_by_one", "the last record before a close is rebuilt as late",
             {Fault::late_event}, off_by_one),
  };
}

}  // namespace weir::simulation
