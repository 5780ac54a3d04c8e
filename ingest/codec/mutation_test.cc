// Records spoiled at random, by seed: whatever comes, the columns stay columns and the report adds up.
// Under the asan preset this is where a read beyond the end shows.
#include "base/compress.h"
#include "ingest/codec/codec.h"
#include "ingest/codec/log_line.h"
#include "ingest/codec/packed.pb.h"
#include "ingest/codec/packed_limits.h"
#include "ingest/event/test_rows.h"

#include <gtest/gtest.h>
#include <random>

namespace weir {
namespace {

using test::OwnedRow;
using test::test_key;
using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t n) { return n == 0 ? 0 : random() % n; }

// One to four of: another byte, a flipped bit, a cut, a doubled part, a part taken out.
std::string spoiled(std::string bytes, Random& random) {
  for (std::size_t times = 1 + below(random, 4); times > 0 && !bytes.empty(); --times) {
    std::size_t at = below(random, bytes.size());
    switch (below(random, 5)) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
        break;
      case 2:
        if (below(random, 4) == 0) bytes.resize(at);
        break;
      case 3:
        bytes.insert(at, bytes.substr(below(random, bytes.size()), below(random, 40)));
        break;
      default:
        bytes.erase(at, below(random, 20));
    }
  }
  return bytes;
}

RequestBatch some_rows() {
  std::vector<OwnedRow> rows(7);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].tenant = "acme";
    rows[i].source = "gw-1";
    rows[i].id = "id-" + std::to_string(i);
    rows[i].subscription = "sub-" + std::to_string(i % 3);
    rows[i].quantities = {{"tokens", static_cast<std::int64_t>(i)}, {"images", 1}};
    rows[i].route = "/v1/orders/{id}";
    rows[i].path = "/v1/orders/" + std::to_string(i) + "?q=\xC3\xA9\"\\";
    rows[i].status = 200;
    rows[i].latency_us = 1234;
    rows[i].user_agent = "Mozilla/5.0 (X11; Linux)";
  }
  return test::batch_of(rows, test_key());
}

class Spoiled : public testing::Test {
 protected:
  void decode(std::string_view type, const std::string& bytes, Random& random) {
    DecodeContext context;
    context.latest = EventTime(test::kNow);
    context.sections = random() % 2 == 0 ? Sections::all : Sections::usage;
    // Exactly as long as it is: asan sees the first byte behind it.
    std::vector<char> exact(bytes.begin(), bytes.end());
    batch_.clear();
    decoder_.decode(type, {exact.data(), exact.size()}, context, batch_, report_);
    ASSERT_EQ(test::broken_invariant(batch_), "");
    ASSERT_EQ(report_.events, report_.whole ? 1u : batch_.rows() + report_.rejections.size());
    ASSERT_TRUE(!report_.whole || batch_.rows() == 0);
    for (std::size_t row = 0; row < batch_.rows(); ++row) {
      ASSERT_LE(batch_.subscription.at(row).size(), kNameBytesMax);
      ASSERT_LE(batch_.units[row], kUnitsMax);
      ASSERT_GE(batch_.units[row], 0);
    }
    good_ += batch_.rows();
    refused_ += report_.rejections.size();
  }

  Decoder decoder_{test_key()};
  RequestBatch batch_;
  DecodeReport report_;
  std::size_t good_ = 0, refused_ = 0;
};

TEST_F(Spoiled, json_records_break_nothing) {
  RequestBatch batch = some_rows();
  Encoder encoder(test_key());
  Random random(1);
  const std::tuple<std::string_view, decltype(&Encoder::json)> codecs[] = {
      {kJson, &Encoder::json}, {kNdjson, &Encoder::ndjson}, {kCloudEvent, &Encoder::cloud_events}};
  for (auto [type, encode] : codecs) {
    std::string bytes;
    (encoder.*encode)(batch, 0, batch.rows(), bytes);
    for (int i = 0; i < 5000; ++i) decode(type, spoiled(bytes, random), random);
  }
  EXPECT_GT(good_, 5000u);
  EXPECT_GT(refused_, 5000u);
}

TEST_F(Spoiled, packed_records_break_nothing) {
  RequestBatch batch = some_rows();
  std::string bytes;
  Encoder(test_key()).packed(batch, 0, batch.rows(), bytes);
  Random random(2);
  for (int i = 0; i < 5000; ++i) decode(kPacked, spoiled(bytes, random), random);
  EXPECT_GT(refused_, 1000u);
}

// Spoiled inside the frames, so that zstd's checksum is no shield.
TEST_F(Spoiled, packed_sections_break_nothing) {
  RequestBatch batch = some_rows();
  std::string bytes, usage, detail;
  Encoder(test_key()).packed(batch, 0, batch.rows(), bytes);
  packed::Envelope good;
  ASSERT_TRUE(good.ParseFromString(bytes));
  ASSERT_TRUE(zstd_decompress(good.usage(), kSectionBytesMax, usage).ok());
  ASSERT_TRUE(zstd_decompress(good.detail(), kSectionBytesMax, detail).ok());
  Random random(3);
  for (int i = 0; i < 10'000; ++i) {
    packed::Envelope envelope = good;
    std::string section = spoiled(i % 2 == 0 ? usage : detail, random);
    auto size = static_cast<std::uint32_t>(section.size());
    ASSERT_TRUE(zstd_compress(section, 1,
                              i % 2 == 0 ? *envelope.mutable_usage() : *envelope.mutable_detail())
                    .ok());
    i % 2 == 0 ? envelope.set_usage_bytes(size) : envelope.set_detail_bytes(size);
    decode(kPacked, envelope.SerializeAsString(), random);
  }
  EXPECT_GT(good_, 1000u);
  EXPECT_GT(refused_, 1000u);
}

TEST_F(Spoiled, log_lines_break_nothing) {
  const std::string lines[] = {
      R"(192.0.2.17 - ada [01/Mar/2026:12:00:00 +0000] "GET /v1/orders/17?x=\x22 HTTP/1.1" 200 512 )"
      R"("https://example.org/" "curl/8 \"quoted\" \\" 0.123)",
      R"({"msec":"1772366399.123","tenant":"acme","subscription":"s","method":"GET","uri":"/a\u00e9",)"
      R"("status":"200","request_time":"0.010","upstream_response_time":"0.001, -","bytes_sent":7})"};
  Random random(4);
  LineContext context;
  context.tenant = "acme";
  context.source = "file";
  context.id = "1";
  context.latest = EventTime(test::kNow);
  for (LineFormat format : {LineFormat::combined, LineFormat::nginx_json}) {
    LineOptions options;
    options.format = format;
    auto decoder = LineDecoder::make(options, test_key());
    ASSERT_TRUE(decoder.ok());
    Rejection why;
    for (int i = 0; i < 10'000; ++i) {
      std::string line = spoiled(lines[format == LineFormat::combined ? 0 : 1], random);
      std::vector<char> exact(line.begin(), line.end());
      batch_.clear();
      bool good = decoder->decode_line({exact.data(), exact.size()}, context, batch_, why);
      ASSERT_EQ(test::broken_invariant(batch_), "");
      ASSERT_EQ(batch_.rows(), good ? 1u : 0u);
      ASSERT_TRUE(good || !why.reason.empty());
      (good ? good_ : refused_) += 1;
    }
  }
  EXPECT_GT(good_, 1000u);
  EXPECT_GT(refused_, 1000u);
}

}  // namespace
}  // namespace weir
