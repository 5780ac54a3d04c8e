// Two codecs of the same events give the same columns.
#include "ingest/codec/codec.h"
#include "ingest/event/test_rows.h"

#include <gtest/gtest.h>
#include <numeric>

namespace weir {
namespace {

using test::batch_of;
using test::difference;
using test::OwnedRow;
using test::test_key;

struct Decoded {
  RequestBatch batch;
  DecodeReport report;
};

Decoded decode(std::string_view type, std::string_view bytes, Sections sections = Sections::all) {
  Decoder decoder(test_key());
  DecodeContext context;
  context.sections = sections;
  context.latest = EventTime(test::kNow);
  Decoded decoded;
  decoder.decode(type, bytes, context, decoded.batch, decoded.report);
  return decoded;
}

using Encode = void (Encoder::*)(const RequestBatch&, std::size_t, std::size_t, std::string&);
struct Codec {
  std::string_view type;
  Encode encode;
};
const Codec kCodecs[] = {{kJson, &Encoder::json},
                         {kNdjson, &Encoder::ndjson},
                         {kCloudEvent, &Encoder::cloud_events},
                         {kPacked, &Encoder::packed}};

bool same_codes(const DictColumn& a, const DictColumn& b) {
  return std::equal(a.codes().begin(), a.codes().end(), b.codes().begin(), b.codes().end());
}

class Codecs : public testing::TestWithParam<Codec> {};
INSTANTIATE_TEST_SUITE_P(each, Codecs, testing::ValuesIn(kCodecs));

TEST_P(Codecs, give_back_the_rows_that_went_in) {
  EXPECT_TRUE(rc::check([] {
    RequestBatch batch = batch_of(*test::any_rows(), test_key());
    Encoder encoder(test_key());
    std::string bytes;
    (encoder.*GetParam().encode)(batch, 0, batch.rows(), bytes);
    Decoded decoded = decode(GetParam().type, bytes);
    RC_ASSERT(decoded.report.rejections.empty());
    RC_ASSERT(decoded.report.events == batch.rows());
    RC_ASSERT(decoded.report.unknown_fields == 0u);
    RC_ASSERT(test::broken_invariant(decoded.batch) == "");
    RC_ASSERT(difference(decoded.batch, batch) ==
              (batch.rows() == 0 && batch.has_detail ? "has_detail" : ""));
    RC_ASSERT(same_codes(decoded.batch.subscription, batch.subscription));
    RC_ASSERT(same_codes(decoded.batch.user_agent, batch.user_agent));
  }));
}

TEST_P(Codecs, decode_usage_alone_to_the_same_usage) {
  EXPECT_TRUE(rc::check([] {
    std::vector<OwnedRow> rows = *rc::gen::nonEmpty(test::any_rows());
    RequestBatch batch = batch_of(rows, test_key());
    Encoder encoder(test_key());
    std::string bytes;
    (encoder.*GetParam().encode)(batch, 0, batch.rows(), bytes);
    Decoded decoded = decode(GetParam().type, bytes, Sections::usage);
    RC_ASSERT(difference(decoded.batch, batch_of(rows, test_key(), Sections::usage)) == "");
    RC_ASSERT(test::broken_invariant(decoded.batch) == "");
  }));
}

TEST_P(Codecs, append_to_what_the_batch_holds_already) {
  EXPECT_TRUE(rc::check([] {
    std::vector<OwnedRow> first = *test::any_rows();
    std::vector<OwnedRow> second = *test::any_rows();
    RequestBatch batch = batch_of(second, test_key());
    Encoder encoder(test_key());
    std::string bytes;
    (encoder.*GetParam().encode)(batch, 0, batch.rows(), bytes);
    RequestBatch into = batch_of(first, test_key());
    Decoder decoder(test_key());
    DecodeContext context;
    context.latest = EventTime(test::kNow);
    DecodeReport report;
    decoder.decode(GetParam().type, bytes, context, into, report);
    first.insert(first.end(), second.begin(), second.end());
    RC_ASSERT(difference(into, batch_of(first, test_key())) == "");
  }));
}

TEST_P(Codecs, encode_the_range_that_was_asked_for) {
  EXPECT_TRUE(rc::check([] {
    std::vector<OwnedRow> rows = *rc::gen::nonEmpty(test::any_rows());
    RequestBatch batch = batch_of(rows, test_key());
    auto from = *rc::gen::inRange<std::size_t>(0, rows.size());
    auto to = *rc::gen::inRange<std::size_t>(from + 1, rows.size() + 1);
    Encoder encoder(test_key());
    std::string bytes;
    (encoder.*GetParam().encode)(batch, from, to, bytes);
    std::vector<OwnedRow> part(rows.begin() + static_cast<long>(from),
                               rows.begin() + static_cast<long>(to));
    RC_ASSERT(difference(decode(GetParam().type, bytes).batch, batch_of(part, test_key())) == "");
  }));
}

TEST(packed_rows, come_in_the_order_of_their_numbers) {
  EXPECT_TRUE(rc::check([] {
    std::vector<OwnedRow> rows = *rc::gen::nonEmpty(test::any_rows());
    RequestBatch batch = batch_of(rows, test_key());
    auto last = static_cast<std::uint32_t>(rows.size());
    auto numbers = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange(0u, last));
    std::vector<OwnedRow> picked;
    for (std::uint32_t number : numbers) picked.push_back(rows[number]);
    if (picked.empty()) return;
    Encoder encoder(test_key());
    std::string packed, json;
    encoder.packed_rows(batch, numbers, packed);
    encoder.json_rows(batch, numbers, json);
    RC_ASSERT(difference(decode(kPacked, packed).batch, batch_of(picked, test_key())) == "");
    RC_ASSERT(difference(decode(kJson, json).batch, batch_of(picked, test_key())) == "");
  }));
}

TEST(encoder, is_the_same_the_second_time) {
  RequestBatch batch = batch_of(std::vector<OwnedRow>(2), test_key());
  Encoder encoder(test_key());
  std::string first, second;
  encoder.packed(batch, 0, 2, first);
  encoder.packed(batch, 0, 2, second);
  EXPECT_EQ(first, second);
}

TEST(packed, of_thousands_of_rows_and_texts_comes_back) {
  std::vector<OwnedRow> rows(5000);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].tenant = "acme";
    rows[i].source = "gw-" + std::to_string(i % 3);
    rows[i].id = std::to_string(i);
    rows[i].subscription = "sub-" + std::to_string(i % 1000);
    rows[i].route = "/r/" + std::to_string(i % 70'000 / 2);
    rows[i].time = test::kNow - static_cast<std::int64_t>(i) * 1'000'003;
    rows[i].latency_us = static_cast<std::int64_t>(i) << (i % 40);
  }
  RequestBatch batch = batch_of(rows, test_key());
  Encoder encoder(test_key());
  std::string bytes;
  encoder.packed(batch, 0, batch.rows(), bytes);
  Decoded decoded = decode(kPacked, bytes);
  ASSERT_TRUE(decoded.report.rejections.empty());
  EXPECT_EQ(difference(decoded.batch, batch), "");
}

}  // namespace
}  // namespace weir
