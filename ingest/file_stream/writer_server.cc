#include "ingest/file_stream/writer_server.h"

#include "ingest/file_stream/append_wire.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace weir {
namespace {

// Nobody waits longer for an append; a clock that is not the sender's makes nobody wait for ever.
constexpr Micros kWaitMax = std::chrono::minutes(5);
constexpr std::int64_t kConnectionsMax = 256;

HttpServerOptions options_of(const LogKeeperOptions& from) {
  HttpServerOptions options;
  options.listen = "unix:" + writer_socket(from.log.folder);
  options.threads = from.threads;
  options.body_bytes_max = kAppendBytesMax;
  options.connections_max = kConnectionsMax;
  options.queued_bytes_max = from.queued_bytes_max;
  options.drain_timeout = std::chrono::seconds(2);
  return options;
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return 400;
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::full:
      return 429;
    case ErrorCode::in_doubt:
      return 500;
    default:
      return 503;
  }
}

HttpResponse refusal(const Error& error) {
  return {status_of(error.code), kAppendType, write_refusal(error), {}};
}

HttpResponse answer(const WriterServer::Calls& calls, const HttpRequest& request) {
  const Result<AppendRequest> wanted = read_append(request.body);
  if (!wanted) return refusal(wanted.error());
  const Micros left(std::min(wanted->expires_us - steady_us(), kWaitMax.count()));
  if (left.count() <= 0) {
    return refusal({ErrorCode::unavailable, "the append came too late to be begun",
                    "look at the load of the process that keeps the log"});
  }
  const auto places =
      calls.append(std::string(wanted->log_id), wanted->records, Deadline::in(left));
  if (!places) return refusal(places.error());
  return {200, kAppendType, write_places(*places), {}};
}

}  // namespace

Result<std::unique_ptr<WriterServer>> WriterServer::start(const LogKeeperOptions& options,
                                                          Calls calls) {
  // Its owner has lost the lock, and is dead, even if a child of his still holds it open.
  const std::string socket = writer_socket(options.log.folder);
  std::error_code ignored;
  if (std::filesystem::is_socket(socket, ignored)) std::filesystem::remove(socket, ignored);
  std::unique_ptr<WriterServer> made(new WriterServer(options_of(options)));
  made->server_.route("GET", "/v1/log", Access::open,
                      [describe = std::move(calls.describe)](const HttpRequest&) {
                        return HttpResponse::json(200, describe());
                      });
  calls.describe = nullptr;
  made->server_.route(
      "POST", "/v1/append", Access::open,
      [calls = std::move(calls)](const HttpRequest& request) { return answer(calls, request); });
  WEIR_TRY(made->server_.start());
  return made;
}

}  // namespace weir
