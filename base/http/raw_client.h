// A socket for tests: sends bytes as they stand and reads what comes. Every read has a deadline.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False when the other side has closed.
  bool send(std::string_view bytes);
  /// No more will be sent.
  void end_sending();
  /// One whole answer: header, and as much body as its content-length says. Less when the other
  /// side closes or ten seconds pass.
  std::string read_answer();
  /// All until the other side closes; `closed()` says whether it did within ten seconds.
  std::string read_to_end();
  bool closed() const { return closed_; }

 private:
  bool read_more();

  int fd_;
  std::string pending_;
  bool closed_ = false;
};

/// Whether anybody listens there.
bool can_connect(std::uint16_t port);
/// 200 of "HTTP/1.1 200 OK...", 0 when that is no answer.
int status_of(std::string_view answer);
std::string body_of(std::string_view answer);

}  // namespace weir
