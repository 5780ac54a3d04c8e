// The decoders of ingest/codec, by content type: WEIR_FUZZ_TYPE is one of codec.h's names.
#include "ingest/codec/codec.h"
#include "ingest/event/test_rows.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  static Decoder decoder(test::test_key());
  static RequestBatch batch;
  static DecodeReport report;
  for (const Sections sections : {Sections::usage, Sections::all}) {
    for (const std::string_view tenant : {"", "acme"}) {
      DecodeContext context;
      context.latest = EventTime{fuzz::kNow};
      context.sections = sections;
      context.tenant = tenant;
      batch.clear();
      decoder.decode(WEIR_FUZZ_TYPE, fuzz::text_of(data, size), context, batch, report);
      WEIR_CHECK(test::broken_invariant(batch).empty());
      WEIR_CHECK(report.events == (report.whole ? 1 : batch.rows() + report.rejections.size()));
      WEIR_CHECK(!report.whole || batch.rows() == 0);
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        WEIR_CHECK(batch.subscription.at(row).size() <= kNameBytesMax);
        WEIR_CHECK(batch.units[row] >= 0 && batch.units[row] <= kUnitsMax);
        WEIR_CHECK(batch.time[row] <= context.latest);
      }
    }
  }
  return 0;
}
