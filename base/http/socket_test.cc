// Server and client over a Unix-domain socket.
#include "base/http/client.h"
#include "base/http/server_fixture.h"
#include "base/http/socket_file.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace weir {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SocketTest : public ServerTest {
 protected:
  SocketTest() { listen_in(folder_); }
  void listen_in(const std::string& folder) {
    path_ = folder + "/a.sock";
    options_.listen = "unix:" + path_;
  }
  Result<HttpReply> echo(const std::string& body) {
    HttpClient client(path_);
    return client.post("http://weir/echo", {}, body, Deadline::in(std::chrono::seconds(20)));
  }
  /// As kill -9 leaves it: bound, with nobody behind it.
  void leave_a_dead_socket() {
    start();
    fs::create_hard_link(path_, folder_ + "/kept");
    server_.reset();
    fs::rename(folder_ + "/kept", path_);
  }

  std::string path_;
};

TEST_F(SocketTest, requests_come_over_a_file) {
  start();
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{3}, std::size_t{5} << 20}) {
    const auto reply = echo(std::string(bytes, 'x'));
    ASSERT_TRUE(reply) << reply.error().text();
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body.size(), bytes);
  }
}

TEST_F(SocketTest, only_owner_and_group_may_connect) {
  const mode_t before = ::umask(0);
  start();
  ::umask(before);
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660U);
}

TEST_F(SocketTest, the_file_is_gone_after_the_stop_and_then_nothing_is_sent) {
  start();
  server_->stop();
  EXPECT_FALSE(fs::exists(path_));
  const auto reply = echo("x");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
}

TEST_F(SocketTest, what_a_dead_process_left_is_replaced) {
  leave_a_dead_socket();
  const auto refused = echo("x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  start();
  EXPECT_TRUE(echo("x"));
}

TEST_F(SocketTest, a_second_listener_is_refused_and_takes_nothing_away) {
  start();
  HttpServer second(options_, metrics_, keys_);
  const Status started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::conflict);
  EXPECT_THAT(started.error().what, HasSubstr(path_));
  second.stop();
  EXPECT_TRUE(echo("x"));
}

TEST_F(SocketTest, a_file_that_is_no_socket_is_left_alone) {
  std::ofstream(path_) << "precious";
  HttpServer server(options_, metrics_, keys_);
  const Status started = server.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::conflict);
  EXPECT_EQ(fs::file_size(path_), 8U);
}

TEST_F(SocketTest, a_stop_leaves_the_socket_of_its_successor) {
  start();
  fs::rename(path_, folder_ + "/moved");
  HttpServer second(options_, metrics_, keys_);
  ASSERT_TRUE(second.start());
  server_->stop();
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(SocketTest, a_path_that_is_too_long_for_the_kernel_is_reached_all_the_same) {
  const std::string deep = folder_ + "/" + std::string(100, 'd') + "/" + std::string(100, 'e');
  fs::create_directories(deep);
  listen_in(deep);
  start();
  const auto reply = echo("far");
  ASSERT_TRUE(reply) << reply.error().text();
  EXPECT_EQ(reply->body, "far");
  server_->stop();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(SocketTest, a_name_that_is_too_long_is_refused_with_what_to_do) {
  const auto place = SocketPath::of(folder_ + "/" + std::string(100, 'n'));
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().code, ErrorCode::invalid);
  EXPECT_THAT(place.error().remedy, HasSubstr("at most 80 bytes"));
}

TEST_F(SocketTest, a_server_that_goes_while_it_handles_leaves_the_post_in_doubt) {
  const pid_t child = ::fork();
  if (child == 0) {
    HttpServer server(options_, metrics_, keys_);
    server.route("POST", "/echo", Access::open,
                 [](const HttpRequest&) -> HttpResponse { ::_exit(3); });
    if (!server.start()) ::_exit(4);
    while (true) ::pause();
  }
  HttpClient client(path_);
  const auto until = Deadline::in(std::chrono::seconds(20));
  Result<HttpReply> reply = Error{ErrorCode::unavailable, "", ""};
  while (!reply && reply.error().code == ErrorCode::unavailable && !until.passed()) {
    std::this_thread::yield();
    reply = client.post("http://weir/echo", {}, "x", until);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 3);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::in_doubt);
}

}  // namespace
}  // namespace weir
