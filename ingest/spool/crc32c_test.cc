#include "ingest/spool/crc32c.h"

#include <gtest/gtest.h>
#include <random>
#include <string>

namespace weir {
namespace {

// RFC 3720, B.4, and the check value of the catalogue of CRCs.
TEST(Crc32c, gives_the_published_values) {
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending.push_back(c);
  const std::string descending(ascending.rbegin(), ascending.rend());
  for (const auto crc : {crc32c, crc32c_by_table}) {
    EXPECT_EQ(crc("", 0), 0u);
    EXPECT_EQ(crc("123456789", 0), 0xe3069283u);
    EXPECT_EQ(crc(std::string(32, '\0'), 0), 0x8a9136aau);
    EXPECT_EQ(crc(std::string(32, '\xff'), 0), 0x62a8ab43u);
    EXPECT_EQ(crc(ascending, 0), 0x46dd794eu);
    EXPECT_EQ(crc(descending, 0), 0x113fdb5cu);
  }
}

TEST(Crc32c, instruction_and_table_agree_at_every_length_and_cut) {
  std::mt19937 random(7);
  std::string bytes;
  for (int length = 0; length < 200; ++length) {
    const std::string_view whole = bytes;
    const std::uint32_t expected = crc32c_by_table(whole);
    for (std::size_t cut = 0; cut <= whole.size(); cut += 7) {
      EXPECT_EQ(crc32c(whole.substr(cut), crc32c(whole.substr(0, cut))), expected);
    }
    bytes.push_back(static_cast<char>(random()));
  }
}

}  // namespace
}  // namespace weir
