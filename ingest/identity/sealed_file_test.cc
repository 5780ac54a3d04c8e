// Sealed files: what is written is what is read, damage is noticed, and an identity stays small.
#include "ingest/identity/sealed_file.h"

#include "ingest/identity/index_fixture.h"
#include "ingest/identity/sealed_set.h"
#include "ingest/identity/sealed_writer.h"

#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace weir {
namespace {

constexpr std::int64_t kFrom = 5000;

class SealedFileTest : public testing::Test {
 protected:
  TestFolder folder_;

  /// `count` identities, `rows` of them in each record.
  Generation write(std::uint64_t count, std::uint32_t rows = 1) {
    std::vector<IdentityEntry> entries;
    for (std::uint64_t i = 0; i < count; ++i) {
      entries.push_back(
          {id_of(i),
           {kFrom + static_cast<std::int64_t>(i / rows), static_cast<std::uint32_t>(i % rows)}});
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.identity < b.identity; });
    std::int64_t to = kFrom + static_cast<std::int64_t>(count / rows) + 1;
    SealedWriter writer(
        folder_.path(),
        {1, 0, kFrom, to, AppendTime(10), AppendTime(20), AppendTime(9), rows - 1, "volume-a"},
        count);
    for (const IdentityEntry& entry : entries) EXPECT_TRUE(writer.add(entry).ok());
    Result<Generation> generation = writer.finish();
    EXPECT_TRUE(generation.ok()) << generation.error().text();
    return *generation;
  }
  std::string path_of(const Generation& g) const { return folder_.path() + "/" + g.file_name(); }
};

TEST_F(SealedFileTest, every_identity_is_found_at_its_place_and_no_stranger) {
  constexpr std::uint64_t kCount = 10'001;
  Generation generation = write(kCount, 7);
  auto file = SealedFile::open(folder_.path(), generation);
  ASSERT_TRUE(file.ok()) << file.error().text();
  for (std::uint64_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(file->may_hold(id_of(i)));
    auto found = file->find(id_of(i));
    ASSERT_TRUE(found.ok() && *found);
    EXPECT_EQ(**found, (RecordRow{kFrom + static_cast<std::int64_t>(i / 7),
                                  static_cast<std::uint32_t>(i % 7)}));
  }
  for (std::uint64_t i = kCount; i < 2 * kCount; ++i) {
    auto found = file->find(id_of(i));
    ASSERT_TRUE(found.ok());
    EXPECT_FALSE(*found);
  }
  EXPECT_EQ(file->append_before(), AppendTime(9));
}

TEST_F(SealedFileTest, filter_lets_few_strangers_pass) {
  auto file = SealedFile::open(folder_.path(), write(20'000));
  ASSERT_TRUE(file.ok());
  int passed = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) passed += file->may_hold(id_of(1'000'000 + i)) ? 1 : 0;
  EXPECT_LT(passed, 20'000 / 25);
}

TEST_F(SealedFileTest, flipped_byte_anywhere_is_noticed) {
  Generation generation = write(150, 3);
  std::string path = path_of(generation);
  std::string good = slurp(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    spill(path, bad);
    auto file = SealedFile::open(folder_.path(), generation);
    ASSERT_FALSE(file.ok()) << "byte " << at;
    EXPECT_EQ(file.error().code, ErrorCode::integrity);
  }
  spill(path, good);
  EXPECT_TRUE(SealedFile::open(folder_.path(), generation).ok());
}

TEST_F(SealedFileTest, file_cut_off_anywhere_or_grown_is_noticed) {
  Generation generation = write(150, 3);
  std::string path = path_of(generation);
  std::string good = slurp(path);
  for (std::size_t size = 0; size < good.size(); size += 13) {
    spill(path, good.substr(0, size));
    EXPECT_FALSE(SealedFile::open(folder_.path(), generation).ok()) << size;
  }
  spill(path, good + "x");
  EXPECT_FALSE(SealedFile::open(folder_.path(), generation).ok());
}

TEST_F(SealedFileTest, block_that_rots_after_open_is_noticed_by_the_look_up) {
  Generation generation = write(1000);
  auto file = SealedFile::open(folder_.path(), generation);
  ASSERT_TRUE(file.ok());
  {
    std::fstream out(path_of(generation), std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(sizeof(SealedHeader) + 30));  // in the first block
    out.put('\x5a');
    out.seekp(static_cast<std::streamoff>(sizeof(SealedHeader) + 31));
    out.put('\x5a');
  }
  int refused = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) refused += file->find(id_of(i)).ok() ? 0 : 1;
  EXPECT_EQ(refused, static_cast<int>(kSealedBlockEntries));
}

TEST_F(SealedFileTest, row_that_says_something_else_than_the_file_does_not_count) {
  Generation generation = write(10);
  for (auto change : std::vector<void (*)(Generation&)>{
           [](Generation& g) { g.append_min = AppendTime(11); },
           [](Generation& g) { g.append_max = AppendTime(21); },
           [](Generation& g) { g.identities = 11; },
       }) {
    Generation other = generation;
    change(other);
    EXPECT_FALSE(SealedFile::open(folder_.path(), other).ok());
  }
}

TEST_F(SealedFileTest, writer_that_goes_away_leaves_no_file) {
  {
    SealedWriter writer(folder_.path(),
                        {1, 0, 0, 9, AppendTime(1), AppendTime(1), {}, 0, "volume-a"}, 1);
    ASSERT_TRUE(writer.add({id_of(1), {0, 0}}).ok());
    EXPECT_EQ(folder_.names().size(), 1u);
  }
  EXPECT_TRUE(folder_.names().empty());
}

TEST_F(SealedFileTest, identity_takes_at_most_24_bytes_on_disk) {
  Generation packed = write(200'000, 4096);
  EXPECT_LE(std::filesystem::file_size(path_of(packed)), 24u * 200'000);
  Generation single = write(200'000, 1);
  EXPECT_LE(std::filesystem::file_size(path_of(single)), 24u * 200'000);
}

TEST_F(SealedFileTest, generation_without_identities_is_a_file_too) {
  auto file = SealedFile::open(folder_.path(), write(0));
  ASSERT_TRUE(file.ok()) << file.error().text();
  auto found = file->find(id_of(1));
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(*found);
}

// A sector went bad: looked at where the file is mapped, that is SIGBUS. The first page of a process's own
// memory is a place whose reading fails with EIO.
TEST_F(SealedFileTest, R5_what_the_disk_cannot_read_is_damage_and_ends_no_process) {
  const int fd = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const Status read = read_through(fd, 4096, "a file");
  ::close(fd);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::integrity);
  EXPECT_NE(read.error().what.find("the disk cannot read it"), std::string::npos);
}

TEST_F(SealedFileTest, a_file_that_is_cut_short_while_it_is_opened_is_damaged) {
  const Generation generation = write(100);
  const int fd = ::open(path_of(generation).c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const auto size = std::filesystem::file_size(path_of(generation));
  EXPECT_TRUE(read_through(fd, size, "a file").ok());
  EXPECT_EQ(read_through(fd, size + 1, "a file").error().code, ErrorCode::integrity);
  ::close(fd);
}

}  // namespace
}  // namespace weir
