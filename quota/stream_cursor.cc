#include "quota/stream_cursor.h"

#include "base/log.h"
#include "base/process.h"
#include "ingest/connect/connect.h"
#include "quota/postgres_store.h"

#include <vector>

namespace weir {
namespace {

constexpr Micros kInterval = std::chrono::seconds(10);

/// By partition, as this incarnation has applied them; every member of the group may say it.
Result<std::vector<LogCursor::Need>> needs_of(Connection& connection, Incarnation incarnation,
                                              Micros horizon, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "SELECT partition, next, anchor_append_us FROM quota.progress WHERE incarnation = $1 "
      "ORDER BY partition",
      Params().integer(incarnation.value), deadline);
  if (!rows) return rows.error();
  std::vector<LogCursor::Need> needs;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    needs.resize(static_cast<std::size_t>(rows->integer(i, 0)) + 1);
    LogCursor::Need& need = needs.back();
    need.next = Offset{rows->integer(i, 1)};
    if (!rows->null(i, 2)) need.since = AppendTime{rows->integer(i, 2) - horizon.count()};
  }
  return needs;
}

Status publish(LogCursor& cursor, Database& database, Micros horizon, Deadline deadline) {
  Result<Database::Lease> lease = database.acquire(deadline);
  if (!lease) return lease.error();
  const Result<Deployment> deployment = read_deployment(**lease, deadline);
  if (!deployment) return deployment.error();
  const auto needs = needs_of(**lease, deployment->incarnation, horizon, deadline);
  if (!needs) return needs.error();
  return cursor.publish(deployment->cluster_id, *needs);
}

}  // namespace

StreamCursor::StreamCursor(const StreamOptions& stream, Database& database, Micros horizon,
                           Micros call_timeout) {
  std::shared_ptr<LogCursor> cursor = connect_cursor(stream);
  if (cursor == nullptr) return;
  thread_ = std::jthread([=, &database](const std::stop_token& stop) {
    std::string trouble;  // told once
    do {
      const Status told = publish(*cursor, database, horizon, Deadline::in(call_timeout));
      const std::string now = told ? "" : told.error().text();
      if (now != trouble && !now.empty()) {
        log_warn("the log's keeper is not told what quota still needs: it holds more than it must",
                 {{"error", now}});
      }
      trouble = now;
    } while (!sleep_until_stop(stop, kInterval));
  });
}

}  // namespace weir
