// The socket on which a keeper takes the appends of other processes: HTTP in, calls of the keeper out.
// Private to this folder.
#pragma once

#include "base/http/server.h"
#include "ingest/file_stream/log_keeper.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weir {

class WriterServer {
 public:
  /// What it does with what it is sent. Any thread.
  struct Calls {
    std::function<Result<std::vector<Appended>>(const std::string& log_id,
                                                std::span<const LogRecord> records, Deadline)>
        append;
    std::function<std::string()> describe;  // JSON
  };
  /// Serves as long as it lives. The caller has the log's lock: so nobody else listens there.
  static Result<std::unique_ptr<WriterServer>> start(const LogKeeperOptions& options, Calls calls);

 private:
  explicit WriterServer(const HttpServerOptions& options) : server_(options, metrics_, no_keys_) {}

  // The process' own listener counts in the process' metrics: these would stand in their place.
  Metrics metrics_;
  const ApiKeys no_keys_;
  HttpServer server_;
};

}  // namespace weir
