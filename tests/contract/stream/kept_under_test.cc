// A file log that a keeper has: in this process, where the sink goes straight to it, or in another one,
// where it goes through the keeper's socket.
#include "base/digest.h"
#include "ingest/file_stream/file_stream_sink.h"
#include "ingest/file_stream/log_keeper.h"
#include "ingest/file_stream/new_log.h"
#include "ingest/spool/real_disk.h"
#include "tests/contract/stream/dealt_group.h"
#include "tests/contract/stream/stream_under_test.h"

#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace weir {
namespace {

Deadline in_time() { return Deadline::in(std::chrono::seconds(20)); }

/// A keeper, with what a stranger and retention do to its log.
class Kept {
 public:
  explicit Kept(const std::string& folder) {
    LogKeeperOptions options;
    options.log.folder = folder;
    options.log.segment_bytes = 1;
    options.upkeep_every = std::chrono::milliseconds(2);
    options.upkeep = [this](FileLog& log) { return upkeep(log); };
    keeper_ = *LogKeeper::open(disk_, std::move(options), system_clock(), metrics_);
    keeper_->start();
    while (!keeper_->kept()) std::this_thread::yield();
  }
  LogKeeper& keeper() { return *keeper_; }

  bool put(const LogRecord& record) {
    return keeper_->append(*keeper_->kept(), {&record, 1}, in_time()).ok();
  }
  bool drop(PartitionId partition, Offset before) {
    std::unique_lock lock(mutex_);
    wanted_ = LogBounds{Offset{partition.value}, before};
    dropped_.wait(lock, [&] { return !wanted_; });
    return well_;
  }

 private:
  Status upkeep(FileLog& log) {
    const std::lock_guard lock(mutex_);
    if (!wanted_) return {};
    const PartitionId partition{static_cast<std::int32_t>(wanted_->start.value)};
    Status done = log.drop_before(partition, wanted_->end);
    well_ = done.ok();
    wanted_.reset();
    dropped_.notify_all();
    return done;
  }

  RealDisk disk_;
  Metrics metrics_;
  std::mutex mutex_;
  std::condition_variable dropped_;
  std::optional<LogBounds> wanted_;  // partition, and what is dropped before
  bool well_ = true;
  std::unique_ptr<LogKeeper> keeper_;
};

/// The same in a process of its own, which ends with its owner.
class FarKept {
 public:
  explicit FarKept(const std::string& folder) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[0]);
      obey(folder, ends[1]);
      ::_exit(0);
    }
    ::close(ends[1]);
    socket_ = ends[0];
  }
  ~FarKept() {
    ::close(socket_);
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  bool put(PartitionId partition, std::string_view key, std::string_view value,
           std::string_view origin, std::string_view redrive) {
    return ask({'p', partition.value, 0, {key.size(), value.size(), origin.size(), redrive.size()}},
               std::string(key).append(value).append(origin).append(redrive));
  }
  bool drop(PartitionId partition, Offset before) {
    return ask({'d', partition.value, before.value, {}}, "");
  }

 private:
  struct Command {
    char what;
    std::int32_t partition;
    std::int64_t offset;
    std::size_t lengths[4];  // of key, value, origin, redrive, which follow
  };

  bool ask(const Command& command, const std::string& texts) {
    std::string packet(sizeof command, '\0');
    std::memcpy(packet.data(), &command, sizeof command);
    packet += texts;
    EXPECT_EQ(::send(socket_, packet.data(), packet.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(packet.size()));
    char well = 0;
    return ::recv(socket_, &well, 1, 0) == 1 && well == 1;
  }

  static void obey(const std::string& folder, int socket) {
    Kept kept(folder);
    std::string packet(1 << 20, '\0');
    for (ssize_t n = 0; (n = ::recv(socket, packet.data(), packet.size(), 0)) > 0;) {
      Command command{};
      std::memcpy(&command, packet.data(), sizeof command);
      std::string_view rest = std::string_view(packet).substr(sizeof command);
      std::string_view texts[4];
      for (int i = 0; i < 4; ++i) {
        texts[i] = rest.substr(0, command.lengths[i]);
        rest.remove_prefix(command.lengths[i]);
      }
      const PartitionId partition{command.partition};
      const char well =
          command.what == 'd'
              ? kept.drop(partition, Offset{command.offset})
              : kept.put({partition, "", texts[0], texts[1], read_origin(texts[2], texts[3])});
      (void)::send(socket, &well, 1, MSG_NOSIGNAL);
    }
  }

  pid_t child_ = -1;
  int socket_ = -1;
};

class KeptUnderTest : public StreamUnderTest {
 public:
  KeptUnderTest(std::int32_t partitions, bool far)
      : folder_((std::filesystem::temp_directory_path() / ("weir-kept-" + random_hex(8))).string()),
        group_(disk_, folder_, partitions) {
    EXPECT_TRUE(make_file_log(disk_, folder_, partitions));
    if (far) {
      far_ = std::make_unique<FarKept>(folder_);
    } else {
      near_ = std::make_unique<Kept>(folder_);
    }
    sink_ = *FileStreamSink::open(disk_, folder_, std::chrono::minutes(1),
                                  far ? nullptr : &near_->keeper());
  }
  ~KeptUnderTest() override {
    sink_.reset();
    near_.reset();
    far_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<Source> join() override { return group_.join(); }
  RecordSink& sink() override { return *sink_; }
  void put_foreign(PartitionId partition, std::string_view key, std::string_view value) override {
    put(partition, key, value, "", "");
  }
  void put_with_headers(PartitionId partition, std::string_view value, std::string_view origin_text,
                        std::string_view redrive_text) override {
    put(partition, "", value, origin_text, redrive_text);
  }
  void retain_from(PartitionId partition, Offset start) override {
    EXPECT_TRUE(near_ ? near_->drop(partition, start) : far_->drop(partition, start));
  }
  bool has_transactions() const override { return false; }
  void begin_transaction(PartitionId, int) override { FAIL() << "has none"; }
  void end_transaction(PartitionId) override { FAIL() << "has none"; }
  void pass_time() override {
    const WallTime now = system_clock().now();
    while (system_clock().now() - now < 2'000) std::this_thread::yield();
  }

 private:
  void put(PartitionId partition, std::string_view key, std::string_view value,
           std::string_view origin, std::string_view redrive) {
    EXPECT_TRUE(near_ ? near_->put({partition, "", key, value, read_origin(origin, redrive)})
                      : far_->put(partition, key, value, origin, redrive));
  }

  const std::string folder_;
  RealDisk disk_;
  DealtGroup group_;
  std::unique_ptr<Kept> near_;
  std::unique_ptr<FarKept> far_;
  std::unique_ptr<FileStreamSink> sink_;
};

}  // namespace

std::unique_ptr<StreamUnderTest> make_near_stream(std::int32_t partitions) {
  return std::make_unique<KeptUnderTest>(partitions, false);
}
std::unique_ptr<StreamUnderTest> make_far_stream(std::int32_t partitions) {
  return std::make_unique<KeptUnderTest>(partitions, true);
}

}  // namespace weir
