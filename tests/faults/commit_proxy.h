// CommitProxy: stands between a client and PostgreSQL, and cuts connections at COMMIT.
//
// It forwards bytes both ways and follows the client's messages of the wire protocol (after the
// start-up packet: a type byte, a length, a body). At a simple query COMMIT it asks a plan: let it
// pass, cut before the server has it (nothing was written), or cut after the server has answered
// (everything was), so that the client's reply is lost either way. The client must not use TLS.
// Threads: plan() is called on the proxy's threads, one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace weir::test {

class CommitProxy {
 public:
  enum class Cut { no, before, after };
  /// Listens on a free port of 127.0.0.1.
  CommitProxy(std::uint16_t server_port, std::function<Cut()> plan);
  ~CommitProxy();

  std::uint16_t port() const { return port_; }
  int cuts_before() const { return cuts_before_; }
  int cuts_after() const { return cuts_after_; }

 private:
  void accept_all(const std::stop_token& stop);
  void serve(const std::stop_token& stop, int client);
  /// False: the connection was cut.
  bool forward_messages(int server, std::string& unread, bool& started);
  bool cut_at_commit(int server, const std::string& message);

  const std::uint16_t server_port_;
  const std::function<Cut()> plan_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> cuts_before_ = 0, cuts_after_ = 0;
  std::mutex mutex_;  // guards plan_'s calls and connections_
  std::list<std::jthread> connections_;
  std::jthread acceptor_;
};

/// The connection string with its host and port replaced by the proxy's.
std::string through(const CommitProxy& proxy, const std::string& conninfo);
/// The value of `key` in a connection string of key=value pairs.
std::string conninfo_value(const std::string& conninfo, const std::string& key);

}  // namespace weir::test
