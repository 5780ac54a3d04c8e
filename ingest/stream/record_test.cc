// The vectors are those of Kafka's own UtilsTest.testMurmur2.
#include "ingest/stream/record.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::int32_t signed_murmur2(std::string_view bytes) {
  return static_cast<std::int32_t>(murmur2(bytes));
}

TEST(Murmur2, gives_what_the_java_client_gives) {
  EXPECT_EQ(signed_murmur2("21"), -973932308);
  EXPECT_EQ(signed_murmur2("foobar"), -790332482);
  EXPECT_EQ(signed_murmur2("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(signed_murmur2("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(signed_murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(signed_murmur2("abc"), 479470107);
}

TEST(Murmur2, takes_bytes_above_127_as_unsigned) {
  EXPECT_NE(murmur2("\xff\x80\xfe"), murmur2("\x7f\x00\x7e"));
  EXPECT_GE(partition_of("\xff\xfe\xfd\xfc", 7).value, 0);
}

TEST(PartitionOf, is_the_positive_hash_modulo_the_count) {
  EXPECT_EQ(partition_of("21", 10).value, (-973932308 & 0x7fffffff) % 10);
  EXPECT_EQ(partition_of("anything", 1).value, 0);
}

StreamRecord record() {
  return {PartitionId{3}, Offset{17}, AppendTime{1'000}, "application/json", "sub-1", "{}"};
}

TEST(RecordDigest, changes_with_every_field_but_the_partition) {
  const std::string digest = record_digest(record());
  EXPECT_EQ(digest.size(), 64u);
  EXPECT_EQ(digest, record_digest(record()));
  StreamRecord other = record();
  other.offset = Offset{18};
  EXPECT_NE(record_digest(other), digest);
  other = record();
  other.append_time = AppendTime{1'001};
  EXPECT_NE(record_digest(other), digest);
  other = record();
  other.content_type = "";
  EXPECT_NE(record_digest(other), digest);
  other = record();
  other.key = "sub-2";
  EXPECT_NE(record_digest(other), digest);
  other = record();
  other.value = "[]";
  EXPECT_NE(record_digest(other), digest);
}

TEST(RecordDigest, does_not_confuse_where_a_field_ends) {
  StreamRecord a = record(), b = record();
  a.key = "ab";
  a.value = "c";
  b.key = "a";
  b.value = "bc";
  EXPECT_NE(record_digest(a), record_digest(b));
}

}  // namespace
}  // namespace weir

namespace weir {
namespace {

TEST(Origin, what_is_written_is_read_back) {
  const Origin origin{"gw-1.5f3a", 2, 4711, 17};
  const std::string number = write_origin(origin), redrive = write_redrive(origin);
  const Origin read = read_origin(number, redrive);
  EXPECT_EQ(read.producer, "gw-1.5f3a");
  EXPECT_EQ(read.epoch, 2);
  EXPECT_EQ(read.number, 4711);
  EXPECT_EQ(read.redrive, 17);
  EXPECT_FALSE(read.malformed);
}

TEST(Origin, no_headers_make_no_promise) {
  EXPECT_FALSE(read_origin("", "").numbered());
  EXPECT_FALSE(read_origin("", "").malformed);
  EXPECT_EQ(write_origin(Origin{}), "");
  EXPECT_EQ(write_redrive(Origin{}), "");
}

TEST(Origin, rubbish_is_malformed) {
  for (const char* text : {"a", "a 1", "a 1 0", "a 0 1", "a b c", "a 1 2 3", " 1 1", "a/b 1 1",
                           "a 1 99999999999999999999", "a  1"}) {
    EXPECT_TRUE(read_origin(text, "").malformed) << text;
  }
  EXPECT_TRUE(read_origin("", "x").malformed);
  EXPECT_TRUE(read_origin("", "0").malformed);
}

}  // namespace
}  // namespace weir
