// The file log on a real volume: threads that share an fsync, a second writer, and a reader in
// another process.
#include "base/digest.h"
#include "ingest/spool/file_log_source.h"
#include "ingest/spool/log_fixture.h"
#include "ingest/spool/log_format.h"
#include "ingest/spool/real_disk.h"

#include <atomic>
#include <filesystem>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace weir {
namespace {

using testing::HasSubstr;

class VolumeLogTest : public testing::Test {
 protected:
  VolumeLogTest() {
    options_.folder =
        (std::filesystem::temp_directory_path() / ("weir-log-" + random_hex(8))).string();
    options_.partitions = 2;
  }
  ~VolumeLogTest() override {
    log_.reset();
    std::filesystem::remove_all(options_.folder);
  }
  void open() {
    log_.reset();
    auto opened = FileLog::open(disk_, options_, system_clock());
    ASSERT_TRUE(opened) << opened.error().text();
    log_ = *std::move(opened);
  }
  Result<std::vector<Appended>> append(PartitionId partition, const std::string& value) {
    const LogRecord record{partition, "text", "", value, {}};
    return log_->append({&record, 1}, soon());
  }

  RealDisk disk_;
  FileLogOptions options_;
  std::unique_ptr<FileLog> log_;
};

/// Counts fsyncs; the first ones wait until enough callers stand in the queue behind them.
class CountingDisk : public RealDisk {
 public:
  class File : public LogFile {
   public:
    File(std::unique_ptr<LogFile> file, CountingDisk& disk) : file_(std::move(file)), disk_(disk) {}
    Result<std::size_t> read(std::uint64_t at, std::span<char> into) override {
      return file_->read(at, into);
    }
    Status write(std::uint64_t at, std::string_view bytes) override {
      return file_->write(at, bytes);
    }
    Status truncate(std::uint64_t bytes) override { return file_->truncate(bytes); }
    Status sync() override {
      ++disk_.syncs;
      while (disk_.hold) std::this_thread::yield();
      return file_->sync();
    }
    Result<std::uint64_t> size() override { return file_->size(); }

   private:
    std::unique_ptr<LogFile> file_;
    CountingDisk& disk_;
  };
  Result<std::unique_ptr<LogFile>> open(const std::string& path, OpenFor use) override {
    auto file = RealDisk::open(path, use);
    if (!file) return file;
    return std::unique_ptr<LogFile>(std::make_unique<File>(*std::move(file), *this));
  }

  std::atomic<int> syncs{0};
  std::atomic<bool> hold{false};
};

TEST_F(VolumeLogTest, callers_that_come_while_an_fsync_runs_share_the_next_one) {
  constexpr int kCallers = 16;
  CountingDisk disk;
  options_.partitions = 1;
  auto log = *FileLog::open(disk, options_, system_clock());
  disk.syncs = 0;
  disk.hold = true;
  std::atomic<int> waiting{0};
  std::atomic<int> done{0};
  std::vector<std::jthread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      const std::string value = std::to_string(i);
      const LogRecord record{kFirst, "text", "", value, {}};
      ++waiting;
      if (log->append({&record, 1}, soon())) ++done;
    });
  }
  while (waiting < kCallers || disk.syncs == 0) std::this_thread::yield();
  EXPECT_EQ(done, 0);  // nobody is told before the fsync
  disk.hold = false;
  callers.clear();
  EXPECT_EQ(done, kCallers);
  EXPECT_LE(disk.syncs, kCallers);
  EXPECT_EQ(read_all(**LogReader::open(disk, options_.folder), kFirst).size(),
            static_cast<std::size_t>(kCallers));
}

TEST_F(VolumeLogTest, many_threads_append_and_every_record_has_a_place_of_its_own) {
  options_.segment_bytes = 4'000;
  open();
  constexpr int kThreads = 8;
  constexpr int kEach = 100;
  std::vector<std::vector<std::pair<Offset, std::string>>> told(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const std::string value = std::to_string(t) + "/" + std::to_string(i);
          const auto places = append(PartitionId{t % 2}, value);
          ASSERT_TRUE(places) << places.error().text();
          told[static_cast<std::size_t>(t)].emplace_back(places->at(0).offset, value);
        }
      });
    }
  }
  open();
  const auto reader = *LogReader::open(disk_, options_.folder);
  const std::vector<std::string> all[] = {read_all(*reader, kFirst), read_all(*reader, kSecond)};
  EXPECT_EQ(all[0].size() + all[1].size(), static_cast<std::size_t>(kThreads * kEach));
  for (std::size_t t = 0; t < told.size(); ++t) {
    for (const auto& [offset, value] : told[t]) {
      EXPECT_EQ(all[t % 2].at(static_cast<std::size_t>(offset.value)), value);
    }
  }
}

TEST_F(VolumeLogTest, a_second_writer_is_told_who_holds_the_log) {
  open();
  const auto second = FileLog::open(disk_, options_, system_clock());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_THAT(second.error().what, HasSubstr("process " + std::to_string(::getpid())));
}

TEST_F(VolumeLogTest, a_caller_whose_turn_does_not_come_gives_up_at_its_deadline) {
  CountingDisk disk;
  auto log = *FileLog::open(disk, options_, system_clock());
  disk.syncs = 0;
  disk.hold = true;
  const LogRecord record{kFirst, "", "", "x", {}};
  std::jthread first([&] { EXPECT_TRUE(log->append({&record, 1}, soon())); });
  while (disk.syncs == 0) std::this_thread::yield();
  const auto late = log->append({&record, 1}, Deadline::in(std::chrono::milliseconds(1)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::unavailable);
  disk.hold = false;
  first.join();
  EXPECT_EQ(log->bounds(kFirst).end, Offset{1});
}

/// In a process of its own: reads until `count` records came, each of which must be durable by the
/// time that it is seen. Exit code 0: so it was.
int read_in_another_process(const std::string& folder, int count) {
  RealDisk disk;
  const auto reader = LogReader::open(disk, folder);
  if (!reader) return 2;
  const auto watch = disk.watch(folder + "/ends");
  const Deadline deadline = soon();
  for (Offset offset{0}; offset < Offset{count};) {
    const auto record = (*reader)->read(kFirst, offset);
    if (!record) return 3;
    if (!*record) {
      if (deadline.passed()) return 4;
      watch->wait(deadline.left());
      continue;
    }
    if ((*record)->value != "value " + std::to_string(offset.value)) return 5;
    ++offset;
  }
  return 0;
}

TEST_F(VolumeLogTest, R16_a_reader_in_another_process_follows) {
  constexpr int kRecords = 300;
  options_.segment_bytes = 2'000;
  open();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(read_in_another_process(options_.folder, kRecords));
  for (int i = 0; i < kRecords; ++i) {
    ASSERT_TRUE(append(kFirst, "value " + std::to_string(i)));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

/// Counts what is read of the published ends.
class LookCountingDisk : public RealDisk {
 public:
  class File : public LogFile {
   public:
    File(std::unique_ptr<LogFile> file, std::atomic<int>& looks)
        : file_(std::move(file)), looks_(looks) {}
    Result<std::size_t> read(std::uint64_t at, std::span<char> into) override {
      ++looks_;
      return file_->read(at, into);
    }
    Status write(std::uint64_t at, std::string_view bytes) override {
      return file_->write(at, bytes);
    }
    Status truncate(std::uint64_t bytes) override { return file_->truncate(bytes); }
    Status sync() override { return file_->sync(); }
    Result<std::uint64_t> size() override { return file_->size(); }

   private:
    std::unique_ptr<LogFile> file_;
    std::atomic<int>& looks_;
  };
  Result<std::unique_ptr<LogFile>> open(const std::string& path, OpenFor use) override {
    auto file = RealDisk::open(path, use);
    if (!file || !path.ends_with("/ends")) return file;
    return std::unique_ptr<LogFile>(std::make_unique<File>(*std::move(file), looks));
  }
  std::atomic<int> looks = 0;
};

TEST_F(VolumeLogTest, a_source_sleeps_until_something_is_published) {
  open();
  LookCountingDisk disk;
  const auto source = *FileLogSource::open(disk, options_.folder);
  ASSERT_EQ(source->poll(Micros(0))->kind, Polled::Kind::assigned);
  for (const PartitionId partition : {kFirst, kSecond}) {
    ASSERT_TRUE(source->start(partition, Offset{0}));
  }
  const int before = disk.looks;
  EXPECT_EQ(source->poll(std::chrono::milliseconds(100))->kind, Polled::Kind::nothing);
  const int once = disk.looks - before;  // at both partitions
  EXPECT_LE(once, 4) << "it looked again and again";

  Result<Polled> polled = Polled{};
  std::jthread reader([&] { polled = source->poll(std::chrono::seconds(20)); });
  while (disk.looks - before < 2 * once)
    std::this_thread::yield();  // it has looked, and found nothing
  ASSERT_TRUE(append(kSecond, "news"));
  reader.join();
  ASSERT_TRUE(polled);
  ASSERT_EQ(polled->kind, Polled::Kind::record);
  EXPECT_EQ(polled->record.value, "news");
  EXPECT_LE(disk.looks - before, 5 * once);
}

TEST_F(VolumeLogTest, without_a_watch_of_the_kernels_a_source_looks_every_now_and_then) {
  open();
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  const rlimit none{0, files.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto watch = disk_.watch(options_.folder + "/ends");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_TRUE(watch->wait(std::chrono::seconds(20))) << "it may have changed, for all it knows";
}

/// Lets the group be written and then holds it before its fsync: what another process sees then.
TEST_F(VolumeLogTest, R16_a_reader_in_another_process_sees_nothing_before_the_fsync) {
  CountingDisk disk;
  auto log = *FileLog::open(disk, options_, system_clock());
  disk.syncs = 0;
  disk.hold = true;
  const LogRecord record{kFirst, "", "", "value 0", {}};
  std::jthread writer([&] { EXPECT_TRUE(log->append({&record, 1}, soon())); });
  while (disk.syncs == 0) std::this_thread::yield();
  const auto child_sees = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      RealDisk own;
      const auto reader = LogReader::open(own, options_.folder);
      const auto bounds = reader ? (*reader)->bounds(kFirst) : reader.error();
      ::_exit(bounds ? static_cast<int>(bounds->end.value) : 99);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  const auto bytes = std::filesystem::file_size(options_.folder + "/0/00000000000000000000.seg");
  EXPECT_GT(bytes, record_bytes(record));  // it is written
  EXPECT_EQ(child_sees(), 0);
  disk.hold = false;
  writer.join();
  EXPECT_EQ(child_sees(), 1);
}

}  // namespace
}  // namespace weir
