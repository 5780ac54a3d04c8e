// What a loaded file is: its content, as it stood when it was looked at.
#include "ingest/collector/file_identity.h"

#include "base/digest.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace weir {
namespace {

namespace fs = std::filesystem;

class LoadedFiles : public testing::Test {
 protected:
  ~LoadedFiles() override { fs::remove(path_); }
  void write(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }

  const fs::path path_ = fs::temp_directory_path() / ("weir-loaded-" + random_hex(6));
};

// A log that still grew: the digest was of one file and the lines of another, and the next load gave all
// of them a second identity.
TEST_F(LoadedFiles, a_file_that_is_written_to_is_noticed) {
  write("one\n");
  Result<OpenFile> file = OpenFile::open(path_.string());
  ASSERT_TRUE(file);
  const Result<LoadedFile> loaded = identify_loaded(*file);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->source, "load-" + sha256_hex("one\n").substr(0, 40));
  EXPECT_EQ(loaded->seen.size, 4);
  EXPECT_TRUE(still_the_same(*file, *loaded));
  write("two\n");
  EXPECT_EQ(still_the_same(*file, *loaded).error().code, ErrorCode::conflict);
  EXPECT_NE(identify_loaded(*file)->source, loaded->source);
}

TEST_F(LoadedFiles, a_file_that_was_changed_in_its_place_is_noticed) {
  write("one\n");
  Result<OpenFile> file = OpenFile::open(path_.string());
  const Result<LoadedFile> loaded = identify_loaded(*file);
  ASSERT_TRUE(loaded);
  fs::last_write_time(path_, fs::last_write_time(path_) + std::chrono::seconds(1));
  EXPECT_FALSE(still_the_same(*file, *loaded));
}

}  // namespace
}  // namespace weir
