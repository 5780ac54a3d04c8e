// The consumer of weir-quota: everything between the settings and a running loop.
//
// Waits, with a log line and backoff, for a database, a broker or a topic that is not there; ends only
// when asked to, or on what an operator must mend. Threads: run() is one; not_ready() and metrics are
// for others.
#pragma once

#include "base/metrics.h"
#include "base/process.h"
#include "quota/options.h"
#include "storage/postgres/connection.h"

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace weir {

/// The broker's cluster must be the one that this database has always read (R1), else a flag is raised
/// and the answer is `integrity`; a compacted topic is `config`.
Status check_topic(const StreamOptions& options, Connection& connection, Deadline deadline);

/// The loop's options as the deployment decided them.
LoopOptions loop_options_of(const QuotaOptions& options, const Deployment& deployment,
                            const std::string& volume_id);

class QuotaConsumer {
 public:
  QuotaConsumer(const QuotaOptions& options, Metrics& metrics);
  ~QuotaConsumer();
  /// Until asked to stop; then what is in hand is committed.
  ExitCode run(const std::stop_token& stop);
  /// One reason a line.
  std::vector<std::string> not_ready() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
