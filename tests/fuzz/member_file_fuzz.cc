// A group member's file: what is read is what would be written.
#include "ingest/file_stream/member_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const std::string_view bytes = fuzz::text_of(data, size);
  const auto member = read_member(bytes);
  if (member) WEIR_CHECK(read_member(write_member(*member)) == member);
  return 0;
}
