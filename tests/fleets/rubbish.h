// Rubbish for one HTTP listener, from a thread, until it is finished: huge headers, wrong lengths, chunks that
// are none, pipelines that nobody reads, half-closed and torn connections, noise, and two hundred clients that
// drip. All by seed. 127.0.0.1 only. Fewer connections than http's connections_max: beyond it the
// others are told 503, which is what it is for.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace weir::test {

class Rubbish {
 public:
  /// `key` is a good API key: some of it comes from a tenant.
  Rubbish(std::uint16_t port, std::string key, std::uint64_t seed);
  ~Rubbish() { finish(); }
  void finish();
  /// Connections made.
  std::int64_t connections() const { return connections_; }

 private:
  void run(const std::stop_token& stop);
  int connect();
  void one(std::uint64_t kind);
  void send_and_close(const std::string& bytes, bool torn);
  void drip();
  std::string noise(std::size_t bytes);

  const std::uint16_t port_;
  const std::string key_;
  std::mt19937_64 random_;     // its thread's, as the next
  std::vector<int> dripping_;  // open for as long as the server has them
  std::atomic<std::int64_t> connections_ = 0;
  std::jthread thread_;
};

}  // namespace weir::test
