#include "base/volume/ballast.h"

#include "base/digest.h"
#include "base/volume/durable_file.h"

#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <sys/mount.h>
#include <unistd.h>

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMib = 1 << 20;

/// A small file system of its own: mounting needs root, as CI has.
class Ballast : public testing::Test {
 protected:
  Ballast() : folder_(fs::temp_directory_path() / ("weir-ballast-" + random_hex(6))) {
    fs::create_directories(folder_);
    if (::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=100m") != 0) {
      throw std::runtime_error("mounting a tmpfs failed: run the tests as root");
    }
  }
  ~Ballast() override {
    ::umount2(folder_.c_str(), MNT_DETACH);
    fs::remove(folder_);
  }
  std::int64_t free() const { return static_cast<std::int64_t>(volume_space(folder_)->bytes_free); }
  void fill_but(std::int64_t bytes_left) const {
    const int file = ::open((folder_ + "/filler").c_str(), O_WRONLY | O_CREAT, 0600);
    ASSERT_EQ(::posix_fallocate(file, 0, free() - bytes_left), 0);
    ::close(file);
  }
  void make_room() const { fs::remove(folder_ + "/filler"); }
  std::int64_t keep(std::int64_t bytes) const {
    Result<std::int64_t> held = keep_ballast(folder_, bytes);
    if (!held) ADD_FAILURE() << held.error().text();
    return held ? *held : -1;
  }

  const std::string folder_;
};

TEST_F(Ballast, its_bytes_are_really_taken_and_really_given_back) {
  const std::int64_t before = free();
  EXPECT_EQ(keep(3 * kMib), 3 * kMib);
  EXPECT_EQ(free(), before - 3 * kMib);
  EXPECT_EQ(keep(3 * kMib), 3 * kMib) << "once";
  EXPECT_EQ(free(), before - 3 * kMib);
  EXPECT_EQ(*release_ballast(folder_), 3 * kMib);
  EXPECT_EQ(free(), before);
  EXPECT_EQ(*release_ballast(folder_), 0);
}

TEST_F(Ballast, never_takes_more_than_a_twentieth_of_the_volume) {
  EXPECT_EQ(keep(64 * kMib), 5 * kMib);
}

TEST_F(Ballast, is_released_from_a_volume_that_is_full_to_the_last_byte) {
  keep(5 * kMib);
  fill_but(0);
  ASSERT_EQ(free(), 0);
  EXPECT_EQ(*release_ballast(folder_), 5 * kMib);
  EXPECT_EQ(free(), 5 * kMib);
}

TEST_F(Ballast, what_was_released_is_not_taken_again_before_there_is_room) {
  keep(5 * kMib);
  fill_but(0);
  ASSERT_EQ(*release_ballast(folder_), 5 * kMib);
  EXPECT_EQ(keep(5 * kMib), 0);
  EXPECT_EQ(free(), 5 * kMib);
  make_room();
  EXPECT_EQ(keep(5 * kMib), 5 * kMib);
}

TEST_F(Ballast, one_that_stands_stays_when_another_size_has_no_room) {
  keep(3 * kMib);
  fill_but(4 * kMib);
  EXPECT_EQ(keep(5 * kMib), 3 * kMib);
  make_room();
  EXPECT_EQ(keep(5 * kMib), 5 * kMib);
  EXPECT_EQ(keep(kMib), kMib);
  EXPECT_EQ(keep(0), 0);
  EXPECT_FALSE(fs::exists(ballast_path(folder_)));
}

TEST_F(Ballast, the_keeper_tells_what_it_holds) {
  Metrics metrics;
  const BallastKeeper keeper(folder_, "quota", 2 * kMib, metrics);
  EXPECT_EQ(metrics.gauge("weir_volume_ballast_bytes", "", {{"volume", "quota"}}).value(),
            2 * kMib);
}

TEST_F(Ballast, nobody_who_wants_none_is_told_that_there_is_none) {
  keep(2 * kMib);
  Metrics metrics;
  const BallastKeeper keeper(folder_, "quota", 0, metrics);
  EXPECT_FALSE(fs::exists(ballast_path(folder_)));
  EXPECT_THAT(metrics.render(), testing::Not(testing::HasSubstr("ballast")));
}

}  // namespace
}  // namespace weir
