#include "ingest/collector/line_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

namespace weir {
namespace {

// A file that grows under the reader.
class FileLinesTest : public ::testing::Test {
 protected:
  FileLinesTest() {
    char path[] = "/tmp/weir-lines-XXXXXX";
    fd_ = mkstemp(path);
    unlink(path);
  }
  ~FileLinesTest() override { close(fd_); }
  void write(const std::string& text) {
    ASSERT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::vector<std::string> all(FileLines& lines) {
    std::vector<std::string> out;
    FileLines::Line line;
    while (*lines.next(line)) {
      out.push_back(std::to_string(line.position) + ":" + std::string(line.text) +
                    (line.cut ? "…" : ""));
    }
    return out;
  }
  int fd_ = -1;
};

using Lines = std::vector<std::string>;

TEST_F(FileLinesTest, each_line_bears_the_position_of_its_first_byte) {
  write("one\n\nthree\n");
  FileLines lines(fd_, 0);
  EXPECT_EQ(all(lines), (Lines{"0:one", "4:", "5:three"}));
  EXPECT_EQ(lines.position(), 11);
}

TEST_F(FileLinesTest, a_piece_without_its_newline_is_kept_back_until_it_is_whole) {
  write("one\ntw");
  FileLines lines(fd_, 0);
  EXPECT_EQ(all(lines), (Lines{"0:one"}));
  EXPECT_EQ(lines.position(), 4);
  write("o\nthr");
  EXPECT_EQ(all(lines), (Lines{"4:two"}));
  FileLines::Line rest;
  ASSERT_TRUE(lines.take_rest(rest));
  EXPECT_EQ(rest.text, "thr");
  EXPECT_EQ(rest.position, 8);
  EXPECT_FALSE(lines.take_rest(rest));
}

TEST_F(FileLinesTest, reading_goes_on_from_a_position) {
  write("one\ntwo\nthree\n");
  FileLines lines(fd_, 4);
  EXPECT_EQ(all(lines), (Lines{"4:two", "8:three"}));
}

TEST_F(FileLinesTest, an_overlong_line_is_cut_and_its_neighbours_keep_their_positions) {
  const std::string longest(FileLines::kLineBytesMax, 'a');
  const std::string longer(FileLines::kLineBytesMax * 5 + 77, 'b');
  write("x\n" + longest + "\n" + longer + "\ny\n");
  FileLines lines(fd_, 0);
  const Lines got = all(lines);
  ASSERT_EQ(got.size(), 4u);
  EXPECT_EQ(got[0], "0:x");
  EXPECT_EQ(got[1], "2:" + longest);
  EXPECT_EQ(got[2], std::to_string(3 + longest.size()) + ":" +
                        longer.substr(0, FileLines::kLineBytesMax) + "…");
  EXPECT_EQ(got[3], std::to_string(4 + longest.size() + longer.size()) + ":y");
}

TEST_F(FileLinesTest, nothing_is_read_behind_the_end_that_was_given) {
  write("one\ntwo");
  FileLines lines(fd_, 0, 7);
  write(" and more\nthree\n");
  EXPECT_EQ(all(lines), (Lines{"0:one"}));
  FileLines::Line rest;
  ASSERT_TRUE(lines.take_rest(rest));
  EXPECT_EQ(rest.text, "two");
}

}  // namespace
}  // namespace weir
