#include "billing/run_lock.h"

#include "base/time.h"

#include <unistd.h>

namespace weir {
namespace {

constexpr std::int64_t kRunLock = 0x77656972'62696c6c;  // "weirbill"

/// "weir-billing run, process 4711, for 12 s": what the database knows of the holder.
std::string describe_holder(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select a.application_name, (extract(epoch from clock_timestamp() - a.backend_start) "
      "* 1000000)::bigint from pg_locks l join pg_stat_activity a on a.pid = l.pid "
      "where l.locktype = 'advisory' and l.granted and a.datname = current_database() "
      "and ((l.classid::bigint << 32) | l.objid::bigint) = $1",
      Params().integer(kRunLock), deadline);
  if (!rows || rows->empty()) return "it ended just now";
  if (rows->null(0, 1)) return "by another role";  // whose sessions this one may not see
  return std::string(rows->text(0, 0)) + ", for " + humane_duration(Micros(rows->integer(0, 1)));
}

}  // namespace

Result<RunLock> RunLock::take(PostgresOptions options, Deadline deadline) {
  options.application_name += " process " + std::to_string(getpid());
  Result<Connection> connection = Connection::open(options, deadline);
  if (!connection) return connection.error();
  const Result<Rows> rows = connection->run("select pg_try_advisory_lock($1::bigint)::int",
                                            Params().integer(kRunLock), deadline);
  if (!rows) return rows.error();
  if (rows->integer(0, 0) == 1) return RunLock(*std::move(connection));
  return Error{ErrorCode::conflict,
               "another run is at work: " + describe_holder(*connection, deadline),
               "nothing was done here; run again later"};
}

}  // namespace weir
