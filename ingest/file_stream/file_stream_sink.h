// FileStreamSink: the writing end of a stream that is a file log on this box, whoever keeps it.
//
// Where this process' own keeper has the log, records go straight to it; else to the keeper in another
// process, over its socket. While nobody keeps the log append() tries again, with jitter, until its
// deadline; then it is `unavailable` and says so. A connection that broke when the request was sent is
// `in_doubt`; nothing of such a request is begun after the deadline.
//
// The log is the one that lay in the folder at open(), for the sink's life: of another one that was put
// in its place append() says `unavailable`, and appends nothing. Threads: any; calls run side by side.
#pragma once

#include "ingest/file_stream/log_keeper.h"
#include "ingest/spool/log_identity.h"
#include "ingest/stream/sink.h"

#include <memory>
#include <string>

namespace weir {

class FileStreamSink : public RecordSink {
 public:
  /// `timeout`: no append takes longer, whatever its deadline. `own`: this process' keeper of the same
  /// folder, which outlives it, or none. `not_found` when there is no log; `integrity`.
  static Result<std::unique_ptr<FileStreamSink>> open(LogDisk& disk, const std::string& folder,
                                                      Micros timeout, LogKeeper* own = nullptr);
  ~FileStreamSink() override;

  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline) override { return log_.partitions; }
  /// As log.toml has it.
  const std::string& log_id() const { return log_.id; }

 private:
  struct Clients;
  FileStreamSink(std::string folder, Micros timeout, LogKeeper* own, LogIdentity log);
  Result<std::vector<Appended>> append_part(std::span<const LogRecord> records, Deadline deadline);
  Result<std::vector<Appended>> try_once(std::span<const LogRecord> records, Deadline deadline);
  Result<std::vector<Appended>> send(std::span<const LogRecord> records, Deadline deadline);
  Error nobody_keeps(const Error& why) const;

  const std::string folder_;
  const Micros timeout_;
  LogKeeper* const own_;
  const LogIdentity log_;
  const std::unique_ptr<Clients> clients_;
};

}  // namespace weir
