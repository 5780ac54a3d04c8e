// The HTTP client, over libcurl. Each call has a deadline. Threads: one client a thread.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {

struct HttpReply {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
};

class HttpClient {
 public:
  HttpClient();
  /// Every call goes to the Unix-domain socket at this path, whatever host the URL names.
  explicit HttpClient(std::string socket_path);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  using Headers = std::vector<std::pair<std::string, std::string>>;
  /// Error `unavailable` when nothing was sent (refused, unresolved), `in_doubt` when the request
  /// may have been acted on (time-out or reset after the first byte was sent).
  Result<HttpReply> get(const std::string& url, const Headers& headers, Deadline deadline);
  Result<HttpReply> post(const std::string& url, const Headers& headers, std::string_view body,
                         Deadline deadline);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
