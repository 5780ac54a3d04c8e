#include "base/http/message.h"

#include "base/log.h"

#include <fmt/format.h>

namespace weir {
namespace {

int value_of_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

HttpResponse retry_later(HttpResponse response) {
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

HttpResponse HttpResponse::json(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

HttpResponse problem(int status, std::string_view type, std::string_view title,
                     std::string_view detail) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = fmt::format(R"({{"type":{},"title":{},"status":{},"detail":{}}})",
                              json_quote(type), json_quote(title), status, json_quote(detail));
  return response;
}

HttpResponse problem_of(const Error& error) {
  const std::string detail = error.text();
  switch (error.code) {
    case ErrorCode::invalid:
      return problem(400, "/problems/invalid", "The request is wrong", detail);
    case ErrorCode::not_found:
      return problem(404, "/problems/not-found", "There is no such thing", detail);
    case ErrorCode::conflict:
      return problem(409, "/problems/conflict", "Somebody else moved first", detail);
    case ErrorCode::denied:
      return problem(403, "/problems/denied", "Not allowed", detail);
    case ErrorCode::full:
      return retry_later(problem(503, "/problems/full", "Full at present", detail));
    case ErrorCode::unavailable:
      return retry_later(problem(503, "/problems/unavailable", "A part cannot be reached", detail));
    case ErrorCode::in_doubt:
    case ErrorCode::integrity:
    case ErrorCode::config:
      break;
  }
  return problem(500, "/problems/internal", "An internal error", detail);
}

std::string percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = value_of_hex_digit(text[i + 1]);
      const int low = value_of_hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i] == '+' && plus_is_space ? ' ' : text[i];
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace weir
