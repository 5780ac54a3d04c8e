// The small files of the file log: log.toml and the slots of `ends`, and names of segments.
#include "ingest/spool/log_format.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const std::string_view text = fuzz::text_of(data, size);
  const Result<LogMeta> meta = read_meta(text, "log.toml");
  if (meta) {
    const Result<LogMeta> again = read_meta(write_meta(*meta), "log.toml");
    WEIR_CHECK(again.ok() && again->id == meta->id && again->partitions == meta->partitions);
  }
  const auto slots = read_slots(LogId{}, PartitionId{0}, text);
  if (slots) WEIR_CHECK(slots->partition == PartitionId{0});
  if (const auto first = first_of_segment(text)) WEIR_CHECK(segment_name(*first) == text);
  WEIR_CHECK(!read_segment_header(LogId{}, text) || size >= kSegmentHeaderBytes);
  return 0;
}
