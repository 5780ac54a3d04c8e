// LateSink: a sink on a file log that need not be there yet, as a broker's topic need not.
//
// Opens the log at the first call, and anew after one that was `unavailable`: another log may lie in the
// folder by then. Threads: any.
#pragma once

#include "ingest/file_stream/file_stream_sink.h"

#include <memory>
#include <mutex>
#include <string>

namespace weir {

class LateSink : public RecordSink {
 public:
  /// `own` may be null; it and `disk` outlive this.
  LateSink(LogDisk& disk, std::string log_folder, Micros timeout, LogKeeper* own)
      : disk_(disk), folder_(std::move(log_folder)), timeout_(timeout), own_(own) {}

  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline deadline) override;

 private:
  Result<std::shared_ptr<FileStreamSink>> sink();
  void forget(const std::shared_ptr<FileStreamSink>& sink);

  LogDisk& disk_;
  const std::string folder_;
  const Micros timeout_;
  LogKeeper* const own_;
  std::mutex mutex_;
  std::shared_ptr<FileStreamSink> sink_;  // guarded by mutex_
};

}  // namespace weir
