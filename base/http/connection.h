// One HTTP/1.1 connection, as a coroutine on the I/O thread. Private to base/http.
//
//   wait for a byte (idle_timeout) -> header -> admit -> body (request_timeout for both)
//   -> a worker answers -> write -> again, or linger and close
//
// One request at a time: what is pipelined behind it waits in the read buffer, so answers keep
// their order. No state here is touched by another thread.
#pragma once

#include "base/http/dispatcher.h"
#include "base/http/server.h"
#include "base/http/worker_pool.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace weir {

/// TCP or a Unix-domain socket: here they are one.
using HttpProtocol = boost::asio::generic::stream_protocol;
using HttpSocket = HttpProtocol::socket;
using HttpStream = boost::beast::basic_stream<HttpProtocol>;

/// What all connections of a server share. It outlives them.
struct ConnectionContext {
  const HttpServerOptions& options;
  Dispatcher& dispatcher;
  WorkerPool& workers;
  ByteBudget& budget;
  boost::asio::io_context& io;
  bool draining = false;  // I/O thread; answers say `Connection: close`
  bool stopping = false;  // I/O thread; and nobody waits for a further request
  /// Those that wait for a request: closed at once when the server stops. I/O thread.
  std::unordered_set<HttpStream*> idle;
  std::unordered_map<std::string, std::int64_t> bytes_of_tenant;  // of `budget`; I/O thread
};

/// Serves until the client or the server closes.
boost::asio::awaitable<void> serve_connection(ConnectionContext& context, HttpSocket socket);
/// Says 503 and closes.
boost::asio::awaitable<void> turn_away(HttpSocket socket);

}  // namespace weir
