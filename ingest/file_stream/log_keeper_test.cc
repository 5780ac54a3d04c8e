// One keeper and what can be wrong with its log, and rubbish on its socket.
#include "ingest/file_stream/log_keeper.h"

#include "base/http/client.h"
#include "base/volume/descriptor.h"
#include "ingest/file_stream/append_wire.h"
#include "ingest/file_stream/keeper_fixture.h"

#include <fstream>
#include <sys/socket.h>
#include <sys/un.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LogKeeperTest : public KeeperTest {
 protected:
  sockaddr_un address() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    writer_socket(folder_).copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
  }
  /// Sends `bytes`, then nothing more; what comes back until the other side closes.
  std::string tell(const std::string& bytes) {
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    const sockaddr_un to = address();
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    ::shutdown(socket.get(), SHUT_WR);
    std::string got;
    char some[4096];
    for (ssize_t n = 0; (n = ::recv(socket.get(), some, sizeof some, 0)) > 0;) {
      got.append(some, static_cast<std::size_t>(n));
    }
    return got;
  }
  std::string post(const std::string& body) {
    return "POST /v1/append HTTP/1.1\r\nHost: weir\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  Result<std::vector<Appended>> post_whole(const std::string& body) {
    HttpClient client(writer_socket(folder_));
    const auto reply = client.post("http://weir/v1/append", {}, body, in_time());
    EXPECT_TRUE(reply);
    return read_answer(reply->body, 1);
  }
  static std::int64_t soon_us() { return steady_us() + 30 * kMicrosPerSecond; }
};

/// Fails fsyncs and cuts, as a volume does that is about to go.
class FailingDisk : public RealDisk {
 public:
  class File : public LogFile {
   public:
    File(std::unique_ptr<LogFile> file, const FailingDisk& disk)
        : file_(std::move(file)), disk_(disk) {}
    Result<std::size_t> read(std::uint64_t at, std::span<char> into) override {
      return file_->read(at, into);
    }
    Status write(std::uint64_t at, std::string_view bytes) override {
      return file_->write(at, bytes);
    }
    Status truncate(std::uint64_t bytes) override {
      return disk_.fails ? failure() : file_->truncate(bytes);
    }
    Status sync() override { return disk_.fails ? failure() : file_->sync(); }
    Result<std::uint64_t> size() override { return file_->size(); }

   private:
    static Status failure() { return Error{ErrorCode::unavailable, "the device failed", ""}; }
    std::unique_ptr<LogFile> file_;
    const FailingDisk& disk_;
  };
  Result<std::unique_ptr<LogFile>> open(const std::string& path, OpenFor use) override {
    auto file = RealDisk::open(path, use);
    if (!file) return file;
    return std::unique_ptr<LogFile>(std::make_unique<File>(*std::move(file), *this));
  }
  std::atomic<bool> fails{false};
};

TEST_F(LogKeeperTest, a_log_is_made_once_and_keeps_its_number_of_partitions) {
  const std::string folder = root_ + "/another";
  const auto made = make_file_log(disk_, folder, 3);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(made->made);
  const auto again = make_file_log(disk_, folder, 3);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->made);
  EXPECT_EQ(again->log.id, made->log.id);
  const auto other = make_file_log(disk_, folder, 4);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::conflict);
  EXPECT_THAT(other.error().what, HasSubstr("3 partitions, not 4"));
  EXPECT_EQ(make_file_log(disk_, root_ + "/none", 0).error().code, ErrorCode::invalid);
}

TEST_F(LogKeeperTest, a_log_that_is_kept_can_be_made_again_and_is_the_same) {
  auto own = keeper_with_log();
  const auto again = make_file_log(disk_, folder_, 2);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_FALSE(again->made);
  EXPECT_EQ(again->log.id, *own->kept());
}

TEST_F(LogKeeperTest, it_makes_no_log_and_takes_the_one_that_is_made) {
  std::filesystem::remove_all(folder_);
  auto own = keeper();
  EXPECT_TRUE(eventually([&] { return !own->not_ready().empty(); }));
  EXPECT_THAT(own->not_ready().at(0), HasSubstr("weir-ingest topic create"));
  EXPECT_FALSE(std::filesystem::exists(folder_));
  ASSERT_TRUE(make_file_log(disk_, folder_, 2));
  EXPECT_TRUE(eventually([&] { return own->kept().has_value(); }));
  EXPECT_THAT(own->not_ready(), IsEmpty());
}

TEST_F(LogKeeperTest, damage_is_told_with_its_address_until_it_is_mended) {
  {
    auto own = keeper_with_log();
    ASSERT_TRUE(append(*sink(own.get()), "precious"));
  }
  const std::string segment = folder_ + "/0/00000000000000000000.seg";
  const auto whole = read_file(segment, 1 << 20);
  ASSERT_TRUE(whole);
  std::string damaged = *whole;
  damaged.back() ^= 1;
  ASSERT_TRUE(write_file_durably(segment, damaged));
  auto own = keeper();
  EXPECT_TRUE(eventually([&] { return !own->not_ready().empty(); }));
  EXPECT_THAT(own->not_ready().at(0), HasSubstr(segment));
  const auto refused = append(*sink(own.get(), std::chrono::milliseconds(50)), "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_THAT(refused.error().what, HasSubstr(segment));
  ASSERT_TRUE(write_file_durably(segment, *whole));
  EXPECT_TRUE(eventually([&] { return own->kept().has_value(); }));
  EXPECT_TRUE(append(*sink(own.get()), "and on"));
  EXPECT_THAT(values(), ElementsAre("precious", "and on"));
}

TEST_F(LogKeeperTest, a_log_that_takes_no_more_is_opened_anew_when_the_volume_is_well) {
  FailingDisk disk;
  auto own = keeper(disk);
  ASSERT_TRUE(eventually([&] { return own->kept().has_value(); }));
  auto to = sink(own.get());
  ASSERT_TRUE(append(*to, "a"));
  disk.fails = true;
  const auto lost = append(*to, "b");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::in_doubt);
  disk.fails = false;
  ASSERT_TRUE(append(*to, "c"));
  const auto there = values();
  ASSERT_FALSE(there.empty());  // whether b is there was in doubt
  EXPECT_EQ(there.front(), "a");
  EXPECT_EQ(there.back(), "c");
}

TEST_F(LogKeeperTest, records_for_another_log_are_refused) {
  auto own = keeper_with_log();
  const LogRecord record{PartitionId{0}, "", "", "x", {}};
  const std::string other(kLogIdDigits, 'f');
  const auto places = post_whole(write_append(other, soon_us(), {&record, 1}));
  ASSERT_FALSE(places);
  EXPECT_EQ(places.error().code, ErrorCode::conflict);
  EXPECT_EQ(own->append(other, {&record, 1}, in_time()).error().code, ErrorCode::conflict);
  EXPECT_THAT(values(), IsEmpty());
}

TEST_F(LogKeeperTest, rubbish_on_the_socket_changes_nothing) {
  auto own = keeper_with_log();
  const LogRecord record{PartitionId{0}, "", "", "x", {}};
  const std::string good = write_append(*own->kept(), soon_us(), {&record, 1});
  std::string flipped = good;
  flipped[60] ^= 1;
  for (const std::string& body : {std::string("rubbish"), std::string(), flipped,
                                  good.substr(0, good.size() - 1), good + "x"}) {
    const auto places = post_whole(body);
    ASSERT_FALSE(places);
    EXPECT_EQ(places.error().code, ErrorCode::invalid) << places.error().text();
  }
  EXPECT_THAT(tell("\x16\x03\x01 this is no HTTP\r\n\r\n"), HasSubstr("400"));
  EXPECT_THAT(tell("POST /v1/append HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"),
              HasSubstr("413"));
  tell(post(good).substr(0, post(good).size() - 1));  // the last byte never comes
  EXPECT_THAT(tell("GET /v1/append HTTP/1.1\r\n\r\n"), HasSubstr("405"));
  EXPECT_THAT(values(), IsEmpty());
  ASSERT_TRUE(append(*sink(), "fine"));
  EXPECT_THAT(values(), ElementsAre("fine"));
}

/// A child that a dead keeper left behind can hold its socket open.
TEST_F(LogKeeperTest, who_has_the_lock_replaces_a_socket_on_which_another_listens) {
  const Descriptor left(::socket(AF_UNIX, SOCK_STREAM, 0));
  const sockaddr_un at = address();
  ASSERT_EQ(::bind(left.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(left.get(), 8), 0);
  auto own = keeper_with_log();
  EXPECT_TRUE(append(*sink(), "through the new one"));
}

TEST_F(LogKeeperTest, it_says_what_it_keeps) {
  auto own = keeper_with_log();
  ASSERT_TRUE(append(*sink(), "x"));
  HttpClient client(writer_socket(folder_));
  const auto reply = client.get("http://weir/v1/log", {}, in_time());
  ASSERT_TRUE(reply);
  EXPECT_THAT(reply->body, HasSubstr("\"id\":\"" + *own->kept() + "\",\"partitions\":2"));
  EXPECT_THAT(reply->body, HasSubstr(R"("bounds":[{"start":0,"end":1},{"start":0,"end":0}])"));
}

TEST_F(LogKeeperTest, a_failing_upkeep_is_no_reason_to_take_no_records) {
  options_.upkeep = [](FileLog&) -> Status {
    return Error{ErrorCode::unavailable, "no cursor", ""};
  };
  auto own = keeper_with_log();
  EXPECT_TRUE(append(*sink(own.get()), "x"));
  EXPECT_THAT(values(), SizeIs(1));
}

TEST_F(LogKeeperTest, a_stop_lets_the_log_go_and_takes_its_socket_along) {
  auto own = keeper_with_log();
  own->stop();
  EXPECT_FALSE(own->kept());
  EXPECT_FALSE(std::filesystem::exists(writer_socket(folder_)));
  FileLogOptions options;
  options.folder = folder_;
  EXPECT_TRUE(FileLog::open(disk_, options, system_clock()));
}

}  // namespace
}  // namespace weir
