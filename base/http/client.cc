#include "base/http/client.h"

#include "base/http/socket_file.h"

#include <algorithm>
#include <curl/curl.h>
#include <mutex>
#include <optional>

namespace weir {
namespace {

constexpr std::size_t kReplyBytesMax = 64 << 20;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

HeaderList list_of(const HttpClient::Headers& headers) {
  HeaderList list;
  const auto append = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    WEIR_CHECK(longer != nullptr);
    list.release();
    list.reset(longer);
  };
  for (const auto& [name, value] : headers) {
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  append("Expect:");  // no 100-continue: it would cost a second where the server ignores it
  return list;
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* into) {
  auto& body = static_cast<HttpReply*>(into)->body;
  if (body.size() + size * count > kReplyBytesMax) return 0;
  body.append(data, size * count);
  return size * count;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  return text;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* into) {
  auto& reply = *static_cast<HttpReply*>(into);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {
    reply.headers.clear();  // those before belonged to an interim answer
    return line.size();
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  reply.headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
  return line.size();
}

/// Whether the server can have acted on it: not before a byte of the request was sent.
Error failure(CURL* curl, CURLcode code, const char* detail, const std::string& url) {
  long sent = 0;
  curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
  const std::string text = detail[0] != '\0' ? detail : curl_easy_strerror(code);
  const bool is_malformed = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
  if (is_malformed) return Error{ErrorCode::invalid, "HTTP " + url + ": " + text, ""};
  if (code == CURLE_WRITE_ERROR) {
    return Error{ErrorCode::in_doubt, "HTTP " + url + ": the answer is longer than 64 MiB", ""};
  }
  const auto error = sent > 0 ? ErrorCode::in_doubt : ErrorCode::unavailable;
  return Error{error, "HTTP " + url + ": " + text, ""};
}

}  // namespace

struct HttpClient::State {
  CURL* curl = nullptr;
  std::string socket_path;  // "": TCP
  char detail[CURL_ERROR_SIZE] = {};

  Result<HttpReply> call(const std::string& url, const Headers& headers,
                         const std::string_view* body, Deadline deadline) {
    const auto left_ms = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
    // To libcurl a time-out of 0 means none.
    if (left_ms == 0) {
      return Error{ErrorCode::unavailable, "HTTP " + url + ": the deadline has passed", ""};
    }
    std::optional<SocketPath> socket;  // lives as long as the call
    if (!socket_path.empty()) {
      Result<SocketPath> place = SocketPath::of(socket_path);
      if (!place) return Error{ErrorCode::unavailable, place.error().what, place.error().remedy};
      socket = *std::move(place);
    }
    HttpReply reply;
    const HeaderList list = list_of(headers);
    curl_easy_reset(curl);  // keeps the connections
    detail[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(left_ms));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(left_ms));
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply);
    if (socket) {
      // A new connection costs next to nothing, and a kept one would bind to a process that is gone.
      curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket->text().c_str());
      curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
      curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    }
    if (body != nullptr) {
      // libcurl silently sends a request again when a kept connection turns out dead. A POST may
      // have been acted on by then, so it never goes over one.
      curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
      curl_easy_setopt(curl, CURLOPT_POST, 1L);
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->data() == nullptr ? "" : body->data());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    }
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) return failure(curl, code, detail, url);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    return reply;
  }
};

HttpClient::HttpClient() : state_(std::make_unique<State>()) {
  static std::once_flag once;
  std::call_once(once, [] { WEIR_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
  state_->curl = curl_easy_init();
  WEIR_CHECK(state_->curl != nullptr);
}

HttpClient::HttpClient(std::string socket_path) : HttpClient() {
  state_->socket_path = std::move(socket_path);
}

HttpClient::~HttpClient() { curl_easy_cleanup(state_->curl); }

Result<HttpReply> HttpClient::get(const std::string& url, const Headers& headers,
                                  Deadline deadline) {
  return state_->call(url, headers, nullptr, deadline);
}

Result<HttpReply> HttpClient::post(const std::string& url, const Headers& headers,
                                   std::string_view body, Deadline deadline) {
  return state_->call(url, headers, &body, deadline);
}

}  // namespace weir
