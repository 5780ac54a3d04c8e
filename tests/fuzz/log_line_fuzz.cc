// The log-line parsers: WEIR_FUZZ_FORMAT is one of LineFormat's names.
#include "ingest/codec/log_line.h"
#include "ingest/event/test_rows.h"
#include "tests/fuzz/fuzz.h"

namespace weir {
namespace {

LineDecoder make_decoder() {
  LineOptions options;
  options.format = LineFormat::WEIR_FUZZ_FORMAT;
  if (options.format == LineFormat::combined) options.subscription_from = "user";
  Result<LineDecoder> decoder = LineDecoder::make(options, test::test_key());
  WEIR_CHECK(decoder.ok());
  return *std::move(decoder);
}

}  // namespace
}  // namespace weir

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  static LineDecoder decoder = make_decoder();
  static RequestBatch batch;
  RouteTemplates routes = *RouteTemplates::make({});
  LineContext context;
  context.tenant = "acme";
  context.source = "file";
  context.id = "1";
  context.latest = EventTime{fuzz::kNow};
  context.routes = &routes;
  Rejection why;
  batch.clear();
  const bool good = decoder.decode_line(fuzz::text_of(data, size), context, batch, why);
  WEIR_CHECK(test::broken_invariant(batch).empty());
  WEIR_CHECK(batch.rows() == (good ? 1u : 0u));
  WEIR_CHECK(good || !why.reason.empty());
  return 0;
}
