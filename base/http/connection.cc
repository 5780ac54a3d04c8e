#include "base/http/connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace weir {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
// What a request costs beside its body: header, maps, stacks.
constexpr std::int64_t kRequestOverheadBytes = 4096;
constexpr auto kLinger = std::chrono::seconds(2);
constexpr std::size_t kLingerBytesMax = 16 << 20;

/// Bytes held in the budget by one request, given back at its end. One tenant holds at most half of
/// them, so that it cannot have the others refused.
class Holding {
 public:
  explicit Holding(ConnectionContext& context) : context_(context) {}
  ~Holding() { give_back(); }
  Holding(const Holding&) = delete;
  Holding& operator=(const Holding&) = delete;
  void of(const std::string& tenant) { tenant_ = tenant; }

  /// False: the tenant's share is used up.
  bool within_share(std::int64_t wanted) const {
    if (tenant_.empty()) return true;
    const auto found = context_.bytes_of_tenant.find(tenant_);
    const std::int64_t others = found == context_.bytes_of_tenant.end() ? 0 : found->second - held_;
    return others == 0 || others + wanted <= context_.options.queued_bytes_max / 2;
  }
  bool grow_to(std::int64_t wanted) {
    if (wanted <= held_) return true;
    if (!context_.budget.grow(held_, wanted)) return false;
    if (!tenant_.empty()) context_.bytes_of_tenant[tenant_] += wanted - held_;
    held_ = wanted;
    return true;
  }
  void give_back() {
    const std::int64_t held = std::exchange(held_, 0);
    context_.budget.give_back(held);
    const auto found = context_.bytes_of_tenant.find(tenant_);
    if (held == 0 || found == context_.bytes_of_tenant.end()) return;
    found->second -= held;
    if (found->second == 0) context_.bytes_of_tenant.erase(found);
  }

 private:
  ConnectionContext& context_;
  std::string tenant_;
  std::int64_t held_ = 0;
};

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

HttpRequest request_of(const http::request<http::string_body>& message) {
  HttpRequest request;
  request.method = message.method_string();
  for (const auto& field : message) {
    std::string& value = request.headers[lower_case(view(field.name_string()))];
    if (!value.empty()) value += ", ";  // equal names are one list (RFC 9110, 5.3)
    value += view(field.value());
  }
  return request;
}

/// A line end in a header would let its value write further headers.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  }
  return text;
}

http::response<http::string_body> message_of(HttpResponse response, unsigned version, bool keep) {
  http::response<http::string_body> message;
  message.version(version);
  message.result(static_cast<unsigned>(response.status));
  if (!response.content_type.empty()) {
    message.set(http::field::content_type, one_line(std::move(response.content_type)));
  }
  for (auto& [name, value] : response.headers) {
    message.insert(one_line(std::move(name)), one_line(std::move(value)));
  }
  message.body() = std::move(response.body);
  message.keep_alive(keep);
  message.prepare_payload();
  return message;
}

HttpResponse refusal_of(const error_code& error, const HttpServerOptions& options) {
  if (error == http::error::body_limit) {
    return problem(413, "/problems/too-large", "The body is too large",
                   "send at most " + std::to_string(options.body_bytes_max) + " bytes");
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return problem(431, "/problems/header-too-large", "The header is too large",
                   "send at most " + std::to_string(options.header_bytes_max) + " bytes");
  }
  return problem(400, "/problems/malformed", "This is not HTTP/1.1", error.message());
}

bool is_of_http(const error_code& error) {
  return error.category() == make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

HttpResponse busy() {
  HttpResponse response = problem(503, "/problems/busy", "Too busy at present",
                                  "too many requests are under way; send it again later");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse too_many() {
  HttpResponse response =
      problem(429, "/problems/too-many-requests", "Too many requests at once",
              "too many requests of this tenant are under way; wait for answers, then send more");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

class Connection {
 public:
  Connection(ConnectionContext& context, HttpSocket socket)
      : context_(context), stream_(std::move(socket)) {}

  /// False when there will be none.
  asio::awaitable<bool> wait_for_request() {
    if (context_.stopping) co_return false;
    if (buffer_.size() > 0) co_return true;
    stream_.expires_after(context_.options.idle_timeout);
    context_.idle.insert(&stream_);
    auto [error, n] = co_await stream_.async_read_some(buffer_.prepare(kFirstRead), kNoThrow);
    context_.idle.erase(&stream_);
    buffer_.commit(n);
    co_return !error;
  }

  /// True when the connection goes on.
  asio::awaitable<bool> serve_request() {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(context_.options.header_bytes_max));
    parser.body_limit(static_cast<std::uint64_t>(context_.options.body_bytes_max));
    Holding holding(context_);
    stream_.expires_after(context_.options.request_timeout);

    auto [error, n] = co_await http::async_read_header(stream_, buffer_, parser, kNoThrow);
    if (error) co_return co_await give_up(error);
    HttpRequest request = request_of(parser.get());
    const std::string target(parser.get().target());
    Dispatcher::Admission admission = context_.dispatcher.admit(request, target);
    if (admission.refusal) co_return co_await refuse(parser, holding, request, *admission.refusal);
    holding.of(request.tenant);
    if (!has_room(*admission.route, request))
      co_return co_await refuse(parser, holding, request, too_many());
    if (!holding.within_share(kRequestOverheadBytes))
      co_return co_await refuse(parser, holding, request, too_many());
    if (!holding.grow_to(kRequestOverheadBytes))
      co_return co_await refuse(parser, holding, request, busy());
    if (error_code failed = co_await read_body(parser, holding); failed) {
      if (failed == asio::error::no_buffer_space)
        co_return co_await refuse(parser, holding, request, busy());
      if (failed == asio::error::no_permission)
        co_return co_await refuse(parser, holding, request, too_many());
      co_return co_await give_up(failed);
    }
    if (!has_room(*admission.route, request))  // others came while the body did
      co_return co_await refuse(parser, holding, request, too_many());
    const bool keep = parser.keep_alive();
    const unsigned version = parser.get().version();
    request.body = std::move(parser.get().body());
    stream_.expires_never();  // the handler's time is the handler's own
    HttpResponse response = co_await answered(*admission.route, request);
    request.body = std::string();
    holding.give_back();  // before the client can know that it is answered
    co_return co_await write(std::move(response), version, request.method == "HEAD", keep);
  }

  void close() {
    error_code ignored;
    stream_.socket().shutdown(HttpSocket::shutdown_both, ignored);
    stream_.close();
  }

 private:
  using Parser = http::request_parser<http::string_body>;

  asio::awaitable<error_code> read_body(Parser& parser, Holding& holding) {
    if (!parser.is_done() && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      http::response<http::empty_body> go_on(http::status::continue_, 11);
      auto [error, n] = co_await http::async_write(stream_, go_on, kNoThrow);
      if (error) co_return error;
    }
    while (!parser.is_done()) {
      auto [error, n] = co_await http::async_read_some(stream_, buffer_, parser, kNoThrow);
      if (error) co_return error;
      const auto bytes = static_cast<std::int64_t>(parser.get().body().capacity());
      const std::int64_t wanted = kRequestOverheadBytes + bytes;
      if (!holding.within_share(wanted)) co_return asio::error::no_permission;
      if (!holding.grow_to(wanted)) co_return asio::error::no_buffer_space;
    }
    co_return error_code{};
  }

  bool has_room(const Route& route, const HttpRequest& request) {
    return route.at_once || context_.workers.has_room(request.tenant);
  }

  /// Has a worker run the handler; resumes on the I/O thread.
  asio::awaitable<HttpResponse> answered(Route& route, const HttpRequest& request) {
    if (route.at_once) co_return context_.dispatcher.answer(route, request);
    const auto hand_over = [this, &route, &request](auto handler) {
      auto resume = std::make_shared<decltype(handler)>(std::move(handler));
      context_.workers.submit(
          request.tenant, [this, &route, &request, resume = std::move(resume)]() mutable {
            HttpResponse response = context_.dispatcher.answer(route, request);
            asio::post(context_.io,
                       [resume = std::move(resume), response = std::move(response)]() mutable {
                         std::move (*resume)(std::move(response));
                       });
          });
    };
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(HttpResponse)>(
        hand_over, asio::use_awaitable);
  }

  /// Answers without a handler. What is left of the body is not read: the connection then ends.
  asio::awaitable<bool> refuse(Parser& parser, Holding& holding, const HttpRequest& request,
                               HttpResponse response) {
    const bool whole = parser.is_done();
    parser.get().body() = std::string();
    holding.give_back();
    context_.dispatcher.note_refusal(request, response);
    give_ids(request, response);
    const bool goes_on = co_await write(std::move(response), parser.get().version(),
                                        request.method == "HEAD", whole && parser.keep_alive());
    if (!goes_on && !whole) co_await linger();
    co_return goes_on;
  }

  /// For what is no request: an answer if the client can still read one, then the end.
  asio::awaitable<bool> give_up(error_code error) {
    if (!is_of_http(error)) co_return false;
    HttpRequest request;
    take_ids(request);
    HttpResponse response = refusal_of(error, context_.options);
    context_.dispatcher.note_refusal(request, response);
    give_ids(request, response);
    stream_.expires_after(context_.options.request_timeout);
    co_await write(std::move(response), 11, false, false);
    co_await linger();
    co_return false;
  }

  asio::awaitable<bool> write(HttpResponse response, unsigned version, bool head, bool keep) {
    keep = keep && !context_.draining && !context_.stopping;
    const auto message = message_of(std::move(response), version, keep);
    http::response_serializer<http::string_body, http::fields> serializer(message);
    stream_.expires_after(context_.options.request_timeout);
    if (head) {
      auto [error, n] = co_await http::async_write_header(stream_, serializer, kNoThrow);
      co_return !error && keep;
    }
    auto [error, n] = co_await http::async_write(stream_, serializer, kNoThrow);
    co_return !error && keep;
  }

  /// Reads on for a moment: closing with unread bytes would reset the connection, and the client
  /// would never see the answer.
  asio::awaitable<void> linger() {
    error_code ignored;
    stream_.socket().shutdown(HttpSocket::shutdown_send, ignored);
    stream_.expires_after(kLinger);
    for (std::size_t total = 0; total < kLingerBytesMax;) {
      buffer_.clear();
      auto [error, n] = co_await stream_.async_read_some(buffer_.prepare(kFirstRead), kNoThrow);
      if (error) co_return;
      total += n;
    }
  }

  static constexpr std::size_t kFirstRead = 8192;

  ConnectionContext& context_;
  HttpStream stream_;
  beast::flat_buffer buffer_;
};

}  // namespace

asio::awaitable<void> serve_connection(ConnectionContext& context, HttpSocket socket) {
  Connection connection(context, std::move(socket));
  // A loop here and not in a member function: g++ 12 lays the frame of such a member out wrongly.
  for (bool goes_on = true; goes_on;) {
    goes_on = co_await connection.wait_for_request();
    if (goes_on) goes_on = co_await connection.serve_request();
  }
  connection.close();
}

asio::awaitable<void> turn_away(HttpSocket socket) {
  HttpStream stream(std::move(socket));
  stream.expires_after(kLinger);
  HttpResponse response = problem(503, "/problems/busy", "Too busy at present",
                                  "there are too many connections; come back later");
  response.headers.emplace_back("Retry-After", "1");
  const auto message = message_of(std::move(response), 11, false);
  auto [error, n] = co_await http::async_write(stream, message, kNoThrow);
  error_code ignored;
  stream.socket().shutdown(HttpSocket::shutdown_send, ignored);
  char discarded[1024];
  while (!error) {
    auto [end, bytes] = co_await stream.async_read_some(asio::buffer(discarded), kNoThrow);
    if (end) break;
  }
}

}  // namespace weir
