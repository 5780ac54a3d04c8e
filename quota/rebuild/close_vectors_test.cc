#include "quota/rebuild/close_vectors.h"

#include "base/digest.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::string certificate(int close, int t_us, const std::string& predecessor) {
  return R"({"certificate":"weir close 1","close":)" + std::to_string(close) +
         R"(,"predecessor":")" + predecessor + R"(","t_us":)" + std::to_string(t_us) +
         R"(,"closed_at":"2026-01-01T00:00:00Z","incarnation":1,"partitions":[{"partition":0,"n":7,)"
         R"("received":9,"applied":8},{"partition":1,"n":0}]})";
}

std::string line(const std::string& certificate, const std::string& adjustments = "[]") {
  return R"({"close":1,"digest":")" + sha256_hex(certificate) + R"(","adjustments":)" +
         adjustments + R"(,"certificate":)" + certificate + "}\n";
}

TEST(CloseVectorsTest, a_chain_is_read_close_by_close) {
  const std::string first = certificate(1, 900, ""),
                    second = certificate(2, 1800, sha256_hex(first));
  const auto chain = read_close_vectors(line(first, R"([["acme","s","m",0,12]])") + line(second));
  ASSERT_TRUE(chain.ok()) << chain.error().text();
  ASSERT_EQ(chain->size(), 2u);
  EXPECT_EQ((*chain)[0].t_us, 900);
  EXPECT_EQ((*chain)[0].closed_at_us, 1'767'225'600'000'000);
  ASSERT_EQ((*chain)[0].partitions.size(), 2u);
  EXPECT_EQ((*chain)[0].partitions[0].n, 7);
  EXPECT_EQ((*chain)[0].partitions[0].received, 9);
  EXPECT_EQ((*chain)[0].partitions[1].received, -1);
  ASSERT_EQ((*chain)[0].late.size(), 1u);
  EXPECT_EQ((*chain)[0].late[0].units, 12);
  EXPECT_EQ((*chain)[1].id, 2);
}

TEST(CloseVectorsTest, R17_a_chain_that_was_touched_is_refused_and_the_line_is_named) {
  const std::string first = certificate(1, 900, "");
  std::string touched = line(first);
  touched.replace(touched.find("\"n\":7"), 5, "\"n\":8");
  const std::string second = certificate(2, 1800, sha256_hex(first));
  const std::string earlier = certificate(2, 800, sha256_hex(first));
  for (const std::string& lines :
       {touched, line(second), line(first) + line(first), line(first) + line(earlier),
        std::string("{}\n"), std::string("no json\n"), line(first).substr(0, 40) + "\n"}) {
    const auto chain = read_close_vectors(lines);
    ASSERT_FALSE(chain.ok()) << lines;
    EXPECT_NE(chain.error().text().find("line "), std::string::npos);
  }
}

TEST(CloseVectorsTest, nothing_is_an_empty_chain) {
  const auto chain = read_close_vectors("");
  ASSERT_TRUE(chain.ok());
  EXPECT_TRUE(chain->empty());
}

}  // namespace
}  // namespace weir
