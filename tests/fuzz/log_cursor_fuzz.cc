// The cursor file of the file log: what is read is what would be written, and no stranger's bytes pass.
#include "ingest/spool/cursor_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const std::string_view bytes = fuzz::text_of(data, size);
  for (const std::int32_t partitions : {1, 2, 8}) {
    const auto cursor = read_cursor(LogId{}, partitions, bytes);
    if (!cursor) continue;
    WEIR_CHECK(cursor->size() == static_cast<std::size_t>(partitions));
    WEIR_CHECK(write_cursor(LogId{}, *cursor) == bytes);
  }
  return 0;
}
