// A keeper that dies before each single thing that it does to its disk during an append of another
// process: that one is told the truth, the next keeper goes on, and the log is whole.
#include "ingest/file_stream/keeper_fixture.h"

#include <atomic>
#include <sys/mman.h>

namespace weir {
namespace {

/// Shared with the children.
class Fuse {
 public:
  Fuse()
      : left_(static_cast<std::atomic<int>*>(::mmap(nullptr, sizeof(std::atomic<int>),
                                                    PROT_READ | PROT_WRITE,
                                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  ~Fuse() { ::munmap(left_, sizeof *left_); }
  /// The process that takes the n-th step from now on dies before it does so; 0: none dies.
  void set(int n) { *left_ = n; }
  void burn() {
    if (*left_ > 0 && --*left_ == 0) ::raise(SIGKILL);
  }

 private:
  std::atomic<int>* const left_;
};

class DyingDisk : public RealDisk {
 public:
  explicit DyingDisk(Fuse& fuse) : fuse_(fuse) {}

  Result<std::unique_ptr<LogFile>> open(const std::string& path, OpenFor use) override {
    if (use == OpenFor::making) fuse_.burn();
    auto file = RealDisk::open(path, use);
    if (!file) return file;
    return std::unique_ptr<LogFile>(std::make_unique<File>(*std::move(file), fuse_));
  }
  Status sync_folder(const std::string& folder) override {
    fuse_.burn();
    return RealDisk::sync_folder(folder);
  }

 private:
  class File : public LogFile {
   public:
    File(std::unique_ptr<LogFile> file, Fuse& fuse) : file_(std::move(file)), fuse_(fuse) {}
    Result<std::size_t> read(std::uint64_t at, std::span<char> into) override {
      return file_->read(at, into);
    }
    Status write(std::uint64_t at, std::string_view bytes) override {
      fuse_.burn();
      const std::string_view half = bytes.substr(0, bytes.size() / 2);
      WEIR_TRY(file_->write(at, half));  // dies in the middle of it, too
      fuse_.burn();
      return file_->write(at + half.size(), bytes.substr(half.size()));
    }
    Status truncate(std::uint64_t bytes) override { return file_->truncate(bytes); }
    Status sync() override {
      fuse_.burn();
      WEIR_TRY(file_->sync());
      fuse_.burn();
      return {};
    }
    Result<std::uint64_t> size() override { return file_->size(); }

   private:
    std::unique_ptr<LogFile> file_;
    Fuse& fuse_;
  };
  Fuse& fuse_;
};

class KeeperDeathTest : public KeeperTest {
 protected:
  Child dying_keeper() {
    return Child([this] {
      DyingDisk disk(fuse_);
      auto made = keeper(disk);
      while (true) ::pause();
    });
  }
  Fuse fuse_;
};

TEST_F(KeeperDeathTest, a_keeper_that_dies_at_any_step_of_an_append_damages_nothing) {
  options_.log.segment_bytes = 1;  // each append begins a segment
  auto to = sink();
  std::vector<std::string> told;
  int deaths = 0;
  for (bool died = true; died;) {
    Child first = dying_keeper();
    ASSERT_TRUE(eventually([&] { return holder() == first.pid(); }));
    const std::string before = "before " + std::to_string(deaths);
    ASSERT_TRUE(append(*to, before));  // it serves
    const Child second = keeper_process();
    fuse_.set(deaths + 1);
    const std::string value = "value " + std::to_string(deaths);
    auto places = append(*to, value);
    died = !places;
    if (died) {
      EXPECT_EQ(places.error().code, ErrorCode::in_doubt) << places.error().text();
      EXPECT_EQ(first.wait(), -SIGKILL);
      ++deaths;
      places = append(*to, value);  // the second keeper takes it
      ASSERT_TRUE(places) << places.error().text();
    }
    fuse_.set(0);
    const auto there = values();
    EXPECT_EQ(there.at(static_cast<std::size_t>(places->at(0).offset.value)), value);
    told.push_back(before);
    told.push_back(value);
  }
  EXPECT_GE(deaths, 10) << "an append has more steps than that";
  // What was in doubt may stand there twice, nothing else may.
  auto there = values();
  there.erase(std::unique(there.begin(), there.end()), there.end());
  EXPECT_EQ(there, told);
  const auto audit = audit_log(disk_, folder_);
  ASSERT_TRUE(audit);
  EXPECT_TRUE(audit->whole());
}

}  // namespace
}  // namespace weir
