// The headers weir-origin and weir-redrive, on two lines.
#include "ingest/stream/record.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t newline = std::min(text.find('\n'), text.size());
  const std::string_view first = text.substr(0, newline);
  const std::string_view second = text.substr(std::min(newline + 1, text.size()));
  const Origin origin = read_origin(first, second);
  if (origin.malformed) return 0;
  WEIR_CHECK(origin.numbered() == !first.empty());
  WEIR_CHECK((origin.redrive > 0) == !second.empty());
  if (origin.numbered()) WEIR_CHECK(is_producer_id(origin.producer) && origin.epoch > 0);
  const std::string origin_text = write_origin(origin);
  const Origin again = read_origin(origin_text, write_redrive(origin));
  WEIR_CHECK(!again.malformed && again.producer == origin.producer);
  WEIR_CHECK(again.epoch == origin.epoch && again.number == origin.number);
  WEIR_CHECK(again.redrive == origin.redrive);
  return 0;
}
