#include "base/volume/durable_file.h"

#include "base/volume/descriptor.h"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class VolumeTest : public testing::Test {
 protected:
  VolumeTest() {
    char name[] = "/tmp/weir-volume-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~VolumeTest() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string content(const std::string& name) const {
    const auto bytes = read_file(path(name), 1 << 20);
    return bytes ? *bytes : bytes.error().text();
  }
  std::vector<std::string> lines(const AppendFile& file) const {
    std::vector<std::string> out;
    EXPECT_TRUE(file.for_each_line([&](std::string_view line) { out.emplace_back(line); }));
    return out;
  }

  std::string folder_;
};

TEST_F(VolumeTest, written_file_is_there_whole_and_alone) {
  const std::string bytes("a\0b\n", 4);
  ASSERT_TRUE(write_file_durably(path("x"), "old"));
  ASSERT_TRUE(write_file_durably(path("x"), bytes));
  EXPECT_EQ(content("x"), bytes);
  EXPECT_THAT(*list_folder(folder_), ElementsAre("x"));
}

TEST_F(VolumeTest, reader_of_the_old_file_keeps_the_old_content) {
  ASSERT_TRUE(write_file_durably(path("x"), "old"));
  std::ifstream reader(path("x"));
  ASSERT_TRUE(write_file_durably(path("x"), "new"));
  std::string seen;
  reader >> seen;
  EXPECT_EQ(seen, "old");
}

TEST_F(VolumeTest, missing_folder_is_named_and_leaves_nothing) {
  const Status status = write_file_durably(path("none/x"), "bytes");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::not_found);
  EXPECT_THAT(status.error().what, HasSubstr(path("none/x")));
}

TEST_F(VolumeTest, failed_rename_leaves_no_temporary_file) {
  ASSERT_TRUE(make_folders(path("x/y")));  // a folder that is not empty cannot be renamed over
  EXPECT_FALSE(write_file_durably(path("x"), "bytes"));
  EXPECT_THAT(*list_folder(folder_), ElementsAre("x"));
}

TEST_F(VolumeTest, published_file_has_its_new_name_only) {
  std::ofstream(path("x.tmp")) << "segment";
  ASSERT_TRUE(publish_file(path("x.tmp"), path("x")));
  EXPECT_THAT(*list_folder(folder_), ElementsAre("x"));
  EXPECT_EQ(content("x"), "segment");
  EXPECT_EQ(publish_file(path("none"), path("x")).error().code, ErrorCode::not_found);
}

TEST_F(VolumeTest, file_longer_than_the_bound_is_not_read) {
  ASSERT_TRUE(write_file_durably(path("x"), std::string(1000, 'x')));
  EXPECT_EQ(read_file(path("x"), 1000)->size(), 1000u);
  EXPECT_EQ(read_file(path("x"), 999).error().code, ErrorCode::invalid);
  EXPECT_EQ(read_file(path("none"), 999).error().code, ErrorCode::not_found);
}

TEST_F(VolumeTest, removing_what_is_not_there_is_success) {
  ASSERT_TRUE(write_file_durably(path("x"), "x"));
  EXPECT_TRUE(remove_file_durably(path("x")));
  EXPECT_TRUE(remove_file_durably(path("x")));
  EXPECT_THAT(*list_folder(folder_), IsEmpty());
}

TEST_F(VolumeTest, folders_are_made_with_their_parents_and_again) {
  EXPECT_TRUE(make_folders(path("a/b/c")));
  EXPECT_TRUE(make_folders(path("a/b/c/")));
  EXPECT_TRUE(std::filesystem::is_directory(path("a/b/c")));
  ASSERT_TRUE(write_file_durably(path("file"), "x"));
  EXPECT_THAT(make_folders(path("file/b")).error().what, HasSubstr(path("file")));
}

TEST_F(VolumeTest, listing_a_missing_folder_is_an_error) {
  EXPECT_EQ(list_folder(path("none")).error().code, ErrorCode::not_found);
}

TEST_F(VolumeTest, appended_lines_are_read_in_order_across_opens) {
  for (const char* line : {"one", "", "three"}) {
    auto file = AppendFile::open(path("log"));
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->append_line(line));
  }
  EXPECT_THAT(lines(*AppendFile::open(path("log"))), ElementsAre("one", "", "three"));
}

TEST_F(VolumeTest, torn_last_line_is_cut_off_at_open) {
  for (const std::string& whole :
       {std::string(), std::string("one\n"), std::string(100'000, 'x') + "\n"}) {
    for (std::size_t torn : {1u, 70'000u}) {
      std::ofstream(path("log"), std::ios::trunc) << whole << std::string(torn, 'y');
      auto file = AppendFile::open(path("log"));
      ASSERT_TRUE(file);
      EXPECT_EQ(std::filesystem::file_size(path("log")), whole.size());
      ASSERT_TRUE(file->append_line("next"));
      EXPECT_EQ(content("log"), whole + "next\n");
    }
  }
}

TEST_F(VolumeTest, long_lines_are_read_whole) {
  auto file = AppendFile::open(path("log"));
  ASSERT_TRUE(file);
  const std::string longer(200'000, 'x');
  ASSERT_TRUE(file->append_line(longer));
  ASSERT_TRUE(file->append_line("short"));
  EXPECT_THAT(lines(*file), ElementsAre(longer, "short"));
}

TEST_F(VolumeTest, second_writer_is_told_that_there_is_one) {
  auto first = AppendFile::open(path("log"));
  ASSERT_TRUE(first);
  const auto second = AppendFile::open(path("log"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  { AppendFile moved = *std::move(first); }
  EXPECT_TRUE(AppendFile::open(path("log")));
}

TEST_F(VolumeTest, folder_lock_names_its_holder_and_ends_with_it) {
  {
    auto lock = FolderLock::take(folder_);
    ASSERT_TRUE(lock);
    const auto second = FolderLock::take(folder_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::conflict);
    EXPECT_THAT(second.error().what, HasSubstr("process " + std::to_string(::getpid())));
  }
  EXPECT_TRUE(FolderLock::take(folder_));
}

TEST_F(VolumeTest, space_is_that_of_the_volume) {
  const auto space = volume_space(folder_);
  ASSERT_TRUE(space);
  EXPECT_GT(space->bytes_total, 0u);
  EXPECT_LE(space->bytes_free, space->bytes_total);
  // A volume that keeps blocks for root is full for us before it is full.
  struct statvfs raw {};
  ASSERT_EQ(::statvfs(folder_.c_str(), &raw), 0);
  const std::uint64_t reserved = (raw.f_bfree - raw.f_bavail) * raw.f_frsize;
  EXPECT_EQ(space->bytes_total + reserved, raw.f_blocks * raw.f_frsize);
  EXPECT_EQ(volume_space(path("none")).error().code, ErrorCode::not_found);
}

TEST_F(VolumeTest, checking_a_volume_leaves_nothing_behind) {
  EXPECT_TRUE(check_volume(folder_));
  EXPECT_THAT(*list_folder(folder_), IsEmpty());
  EXPECT_EQ(check_volume(path("none")).error().code, ErrorCode::not_found);
  ASSERT_TRUE(write_file_durably(path("file"), "x"));
  EXPECT_THAT(check_volume(path("file")).error().text(), HasSubstr("a file stands where a folder"));
}

TEST(VolumeErrors, full_and_forbidden_volumes_have_codes_of_their_own) {
  EXPECT_EQ(error_of(ENOSPC, "cannot write", "/x").code, ErrorCode::full);
  EXPECT_EQ(error_of(EDQUOT, "cannot write", "/x").code, ErrorCode::full);
  EXPECT_EQ(error_of(EROFS, "cannot write", "/x").code, ErrorCode::denied);
  EXPECT_EQ(error_of(EACCES, "cannot write", "/x").code, ErrorCode::denied);
  EXPECT_EQ(error_of(EIO, "cannot write", "/x").code, ErrorCode::unavailable);
  EXPECT_EQ(error_of(ENOSPC, "cannot write", "/x").what,
            "cannot write /x: No space left on device");
}

TEST(VolumeErrors, write_to_a_full_device_is_full) {
  const int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const Descriptor device(fd);
  EXPECT_EQ(write_all(device.get(), "/dev/full", "x").error().code, ErrorCode::full);
}

}  // namespace
}  // namespace weir
