// What stands inside a packed record's sections: the bytes are wrapped in a good envelope and a zstd
// frame, whose checksum would otherwise be a shield. The first byte says which section they are.
#include "base/compress.h"
#include "ingest/codec/codec.h"
#include "ingest/codec/packed.pb.h"
#include "ingest/event/test_rows.h"
#include "tests/fuzz/fuzz.h"

namespace weir {
namespace {

packed::Envelope good_envelope() {
  std::vector<test::OwnedRow> rows(3);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].tenant = "acme";
    rows[i].source = "gw-1";
    rows[i].id = "id-" + std::to_string(i);
    rows[i].subscription = "sub-" + std::to_string(i % 2);
    rows[i].path = "/v1/orders/" + std::to_string(i);
  }
  const RequestBatch batch = test::batch_of(rows, test::test_key());
  std::string bytes;
  Encoder(test::test_key()).packed(batch, 0, batch.rows(), bytes);
  packed::Envelope envelope;
  WEIR_CHECK(envelope.ParseFromString(bytes));
  return envelope;
}

}  // namespace
}  // namespace weir

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  static const packed::Envelope good = good_envelope();
  static Decoder decoder(test::test_key());
  static RequestBatch batch;
  static DecodeReport report;
  if (size < 2) return 0;
  packed::Envelope envelope = good;
  const bool usage = data[0] % 2 == 0;
  envelope.set_rows(data[1]);
  const std::string_view section = fuzz::text_of(data + 2, size - 2);
  std::string& frame = usage ? *envelope.mutable_usage() : *envelope.mutable_detail();
  WEIR_CHECK(zstd_compress(section, 1, frame).ok());
  const auto bytes = static_cast<std::uint32_t>(section.size());
  usage ? envelope.set_usage_bytes(bytes) : envelope.set_detail_bytes(bytes);
  DecodeContext context;
  context.latest = EventTime{fuzz::kNow};
  context.sections = usage ? Sections::usage : Sections::all;
  batch.clear();
  decoder.decode(kPacked, envelope.SerializeAsString(), context, batch, report);
  WEIR_CHECK(test::broken_invariant(batch).empty());
  WEIR_CHECK(report.events == (report.whole ? 1 : batch.rows() + report.rejections.size()));
  return 0;
}
