// Packed records that lie: whoever wrote them, no crash, no memory on their word, and a reason.
#include "base/compress.h"
#include "ingest/codec/codec.h"
#include "ingest/codec/packed.pb.h"
#include "ingest/codec/packed_limits.h"
#include "ingest/codec/packed_writer.h"
#include "ingest/event/test_rows.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using packed::Envelope;
using test::OwnedRow;
using test::test_key;

OwnedRow good_row(int i) {
  OwnedRow row;
  row.tenant = "acme";
  row.source = "gw-1";
  row.id = std::to_string(i);
  row.subscription = "sub-" + std::to_string(i % 2);
  row.quantities = {{"tokens", i}};
  row.time = test::kNow - i;
  row.user_agent = "agent";
  return row;
}

class PackedDecoding : public testing::Test {
 protected:
  PackedDecoding() { context_.latest = EventTime(test::kNow); }

  static std::string encode(const std::vector<OwnedRow>& rows) {
    RequestBatch batch = test::batch_of(rows, test_key());
    std::string bytes;
    Encoder(test_key()).packed(batch, 0, batch.rows(), bytes);
    return bytes;
  }
  static std::vector<OwnedRow> good_rows() { return {good_row(0), good_row(1), good_row(2)}; }
  static Envelope good_envelope() {
    Envelope envelope;
    EXPECT_TRUE(envelope.ParseFromString(encode(good_rows())));
    return envelope;
  }
  static std::string content(const std::string& frame) {
    std::string out;
    EXPECT_TRUE(zstd_decompress(frame, kSectionBytesMax, out).ok());
    return out;
  }
  static void set_usage(Envelope& envelope, const std::string& text) {
    EXPECT_TRUE(zstd_compress(text, 1, *envelope.mutable_usage()).ok());
    envelope.set_usage_bytes(static_cast<std::uint32_t>(text.size()));
  }
  static void set_detail(Envelope& envelope, const std::string& text) {
    EXPECT_TRUE(zstd_compress(text, 1, *envelope.mutable_detail()).ok());
    envelope.set_detail_bytes(static_cast<std::uint32_t>(text.size()));
  }

  void decode(std::string_view bytes) {
    batch_.clear();
    decoder_.decode(kPacked, bytes, context_, batch_, report_);
    EXPECT_EQ(test::broken_invariant(batch_), "");
  }
  void decode(const Envelope& envelope) { decode(envelope.SerializeAsString()); }
  void expect_whole(std::string_view reason, std::string_view field) {
    EXPECT_TRUE(report_.whole);
    EXPECT_EQ(batch_.rows(), 0u);
    ASSERT_EQ(report_.rejections.size(), 1u);
    EXPECT_EQ(report_.rejections[0].reason, reason);
    EXPECT_EQ(report_.rejections[0].field, field);
  }

  Decoder decoder_{test_key()};
  DecodeContext context_;
  RequestBatch batch_;
  DecodeReport report_;
};

TEST_F(PackedDecoding, the_envelope_says_what_is_inside) {
  Envelope envelope = good_envelope();
  EXPECT_EQ(envelope.schema_version(), 1u);
  EXPECT_EQ(envelope.rows(), 3u);
  EXPECT_EQ(envelope.time_min_us(), test::kNow - 2);
  EXPECT_EQ(envelope.time_max_us(), test::kNow);
  EXPECT_EQ(envelope.identity_key(), test_key().fingerprint());
  EXPECT_EQ(content(envelope.usage()).size(), envelope.usage_bytes());
  EXPECT_EQ(content(envelope.detail()).size(), envelope.detail_bytes());
}

TEST_F(PackedDecoding, usage_alone_never_touches_the_detail) {
  Envelope envelope = good_envelope();
  envelope.set_detail("this is no zstd frame");
  context_.sections = Sections::usage;
  decode(envelope);
  EXPECT_FALSE(report_.whole);
  EXPECT_EQ(batch_.rows(), 3u);
  context_.sections = Sections::all;
  decode(envelope);
  expect_whole(reason::kMalformed, "detail");
}

TEST_F(PackedDecoding, passes_over_fields_of_the_future) {
  std::string bytes = good_envelope().SerializeAsString();
  bytes += std::string("\xA0\x06\x05", 3);  // field 100, varint
  bytes += std::string(
      "\xAA\x06\x03"
      "abc",
      6);                                               // field 101, bytes
  bytes += std::string("\xB5\x06\x01\x02\x03\x04", 6);  // field 102, fixed32
  decode(bytes);
  EXPECT_EQ(batch_.rows(), 3u);
}

TEST_F(PackedDecoding, refuses_whole_records_by_name) {
  struct Case {
    const char* promise;
    void (*spoil)(Envelope&);
    std::string_view reason, field;
  };
  const Case cases[] = {
      {"another version", [](Envelope& e) { e.set_schema_version(2); }, reason::kUnknownVersion,
       "schema_version"},
      {"no version", [](Envelope& e) { e.clear_schema_version(); }, reason::kUnknownVersion,
       "schema_version"},
      {"another key", [](Envelope& e) { e.set_identity_key(1); }, reason::kForeignKey,
       "identity_key"},
      {"rows beyond the bound", [](Envelope& e) { e.set_rows(2'000'000); }, reason::kOutOfRange,
       "rows"},
      {"rows that cannot be there", [](Envelope& e) { e.set_rows(1'000'000); }, reason::kTruncated,
       "usage"},
      {"one row more", [](Envelope& e) { e.set_rows(4); }, reason::kMalformed, "usage"},
      {"one row less", [](Envelope& e) { e.set_rows(2); }, reason::kMalformed, "usage"},
      {"no row", [](Envelope& e) { e.set_rows(0); }, reason::kMalformed, "usage"},
      {"a bomb's claim", [](Envelope& e) { e.set_usage_bytes(UINT32_MAX); }, reason::kOutOfRange,
       "usage_bytes"},
      {"a detail bomb's claim", [](Envelope& e) { e.set_detail_bytes(UINT32_MAX); },
       reason::kOutOfRange, "detail_bytes"},
      {"more than was said", [](Envelope& e) { e.set_usage_bytes(e.usage_bytes() - 1); },
       reason::kMalformed, "usage"},
      {"less than was said", [](Envelope& e) { e.set_usage_bytes(e.usage_bytes() + 1); },
       reason::kMalformed, "usage"},
      {"a cut frame", [](Envelope& e) { e.mutable_usage()->pop_back(); }, reason::kTruncated,
       "usage"},
      {"no usage", [](Envelope& e) { e.clear_usage(); }, reason::kTruncated, "usage"},
      {"no detail", [](Envelope& e) { e.clear_detail(); }, reason::kMissing, "detail"},
      {"a cut detail", [](Envelope& e) { e.mutable_detail()->pop_back(); }, reason::kTruncated,
       "detail"},
      {"no zstd", [](Envelope& e) { e.set_usage("something else"); }, reason::kMalformed, "usage"},
      {"bounds that lie", [](Envelope& e) { e.set_time_min_us(0); }, reason::kMalformed, "usage"},
      {"bytes behind the last column", [](Envelope& e) { set_usage(e, content(e.usage()) + "x"); },
       reason::kMalformed, "usage"},
      {"columns that end early",
       [](Envelope& e) {
         std::string usage = content(e.usage());
         set_usage(e, usage.substr(0, usage.size() - 1));
       },
       reason::kTruncated, "usage"},
      {"detail that ends early",
       [](Envelope& e) {
         std::string detail = content(e.detail());
         set_detail(e, detail.substr(0, detail.size() - 1));
       },
       reason::kTruncated, "detail"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.promise);
    Envelope envelope = good_envelope();
    c.spoil(envelope);
    decode(envelope);
    expect_whole(c.reason, c.field);
  }
}

TEST_F(PackedDecoding, refuses_what_is_no_envelope) {
  for (std::string_view bytes :
       {"", "{\"id\":1}", "\xff\xff\xff\xff", "\x5a\xff\xff\xff\xff\x0f"}) {
    decode(bytes);
    EXPECT_TRUE(report_.whole);
    EXPECT_EQ(batch_.rows(), 0u);
  }
  std::string bytes = good_envelope().SerializeAsString();
  decode(bytes.substr(0, bytes.size() - 1));
  expect_whole(reason::kTruncated, "");
}

// A row over a limit costs that row: the encoder writes what it is given, the decoder looks.
TEST_F(PackedDecoding, refuses_a_row_with_reason_and_field_and_never_its_neighbours) {
  struct Case {
    const char* promise;
    void (*spoil)(OwnedRow&);
    std::string_view reason, field;
  };
  const Case cases[] = {
      {"negative units", [](OwnedRow& r) { r.units = -1; }, reason::kOutOfRange, "units"},
      {"units", [](OwnedRow& r) { r.units = kUnitsMax + 1; }, reason::kOutOfRange, "units"},
      {"quantity",
       [](OwnedRow& r) {
         r.quantities = {{"a", 1}, {"b", -1}};
       },
       reason::kOutOfRange, "quantities"},
      {"quantity's name",
       [](OwnedRow& r) {
         r.quantities = {{"a\n", 1}};
       },
       reason::kControlCharacter, "quantities"},
      {"status", [](OwnedRow& r) { r.status = 77; }, reason::kOutOfRange, "status"},
      {"future", [](OwnedRow& r) { r.time = test::kNow + 1; }, reason::kInFuture, "time"},
      {"past", [](OwnedRow& r) { r.time = -1; }, reason::kOutOfRange, "time"},
      {"nobody's", [](OwnedRow& r) { r.tenant = ""; }, reason::kMissing, "tenant"},
      {"long", [](OwnedRow& r) { r.subscription.assign(129, 'a'); }, reason::kTooLong,
       "subscription"},
      {"NUL", [](OwnedRow& r) { r.subscription.assign(1, '\0'); }, reason::kControlCharacter,
       "subscription"},
      {"no UTF-8", [](OwnedRow& r) { r.route = "\xff"; }, reason::kBadUtf8, "route"},
      {"no id", [](OwnedRow& r) { r.id = ""; }, reason::kMissing, "id"},
      {"half a character", [](OwnedRow& r) { r.id = "\xc3"; }, reason::kBadUtf8, "id"},
      {"long id", [](OwnedRow& r) { r.id.assign(65, 'a'); }, reason::kTooLong, "id"},
      {"no source", [](OwnedRow& r) { r.source = ""; }, reason::kMissing, "source"},
      {"long path", [](OwnedRow& r) { r.path.assign(2049, 'a'); }, reason::kTooLong, "path"},
      {"agent", [](OwnedRow& r) { r.user_agent = "\x80"; }, reason::kBadUtf8, "user_agent"},
      {"size", [](OwnedRow& r) { r.request_bytes = -2; }, reason::kOutOfRange, "request_bytes"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.promise);
    std::vector<OwnedRow> rows = good_rows();
    c.spoil(rows[1]);
    decode(encode(rows));
    EXPECT_FALSE(report_.whole);
    EXPECT_EQ(report_.events, 3u);
    ASSERT_EQ(report_.rejections.size(), 1u);
    EXPECT_EQ(report_.rejections[0].reason, c.reason);
    EXPECT_EQ(report_.rejections[0].field, c.field);
    EXPECT_EQ(report_.rejections[0].row, 1u);
    EXPECT_EQ(report_.row_index, (std::vector<std::uint32_t>{0, 2}));
    EXPECT_EQ(test::difference(batch_, test::batch_of({rows[0], rows[2]}, test_key())), "");
  }
}

TEST_F(PackedDecoding, a_refused_text_never_enters_the_dictionary) {
  std::vector<OwnedRow> rows = good_rows();
  rows[1].subscription.assign(500, 'a');
  rows[1].user_agent = "\xff";
  decode(encode(rows));
  EXPECT_EQ(batch_.subscription.dictionary().find(rows[1].subscription), Dictionary::kNone);
  EXPECT_EQ(batch_.user_agent.dictionary().find("\xff"), Dictionary::kNone);
}

TEST_F(PackedDecoding, two_halves_of_a_character_in_two_rows_are_no_character) {
  std::vector<OwnedRow> rows = good_rows();
  rows[0].path = "\xc3";
  rows[1].path = "\xa9";
  decode(encode(rows));
  EXPECT_EQ(report_.rejections.size(), 2u);
}

TEST_F(PackedDecoding, refuses_codes_beyond_the_dictionary_and_widths_that_are_none) {
  std::string good = content(good_envelope().usage());
  int refused = 0;
  for (std::size_t at = 48; at < good.size(); ++at) {  // behind the identities
    for (char value : {'\x03', '\x7f', '\xff'}) {
      std::string usage = good;
      if (usage[at] == value) continue;
      usage[at] = value;
      Envelope envelope = good_envelope();
      set_usage(envelope, usage);
      decode(envelope);
      refused += !report_.rejections.empty();
    }
  }
  EXPECT_GT(refused, 300);
}

TEST_F(PackedDecoding, of_no_rows_is_no_events) {
  decode(encode({}));
  EXPECT_FALSE(report_.whole);
  EXPECT_EQ(report_.events, 0u);
  EXPECT_EQ(batch_.rows(), 0u);
}

TEST_F(PackedDecoding, the_tenant_of_the_key_is_the_tenant) {
  std::vector<OwnedRow> rows = good_rows();
  rows[2].tenant = "other";
  std::string bytes = encode(rows);
  context_.tenant = "acme";
  decode(bytes);
  EXPECT_EQ(batch_.rows(), 2u);
  ASSERT_EQ(report_.rejections.size(), 1u);
  EXPECT_EQ(report_.rejections[0].reason, reason::kTenantMismatch);
}

}  // namespace
}  // namespace weir
