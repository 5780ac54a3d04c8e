// The query of a request's target, and percent coding both ways.
#include "base/http/message.h"
#include "base/http/query_string.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const std::string text(fuzz::text_of(data, size));
  std::map<std::string, std::string> query;
  parse_query(text, query);
  std::string written;
  for (const auto& [name, value] : query) {
    written += (written.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
  }
  std::map<std::string, std::string> again;
  parse_query(written, again);
  WEIR_CHECK(again == query);
  WEIR_CHECK(percent_decode(percent_encode(text), false) == text);
  WEIR_CHECK(percent_decode(percent_encode(text), true) == text);
  WEIR_CHECK(percent_decode(text, false).size() <= text.size());
  return 0;
}
