// An append and its answer, as anybody may send them who can write to the socket: what is read is the
// same when written and read again, and never longer than it was. The checksum is set right in every
// second run, which would otherwise be a shield.
#include "ingest/file_stream/append_wire.h"
#include "ingest/spool/crc32c.h"
#include "tests/fuzz/fuzz.h"

#include <cstring>

namespace weir {
namespace {

std::string with_good_checksum(std::string bytes) {
  if (bytes.size() < 4) return bytes;
  const std::uint32_t crc = crc32c(std::string_view(bytes).substr(0, bytes.size() - 4));
  std::memcpy(bytes.data() + bytes.size() - 4, &crc, 4);
  return bytes;
}

bool same(const LogRecord& a, const LogRecord& b) {
  return a.partition == b.partition && a.content_type == b.content_type && a.value == b.value &&
         a.origin.malformed == b.origin.malformed && a.origin.redrive == b.origin.redrive &&
         write_origin(a.origin) == write_origin(b.origin);
}

void read_both(std::string_view bytes) {
  const Result<AppendRequest> request = read_append(bytes);
  if (request) {
    WEIR_CHECK(request->records.size() <= bytes.size());
    const std::string written =
        write_append(request->log_id, request->expires_us, request->records);
    const Result<AppendRequest> again = read_append(written);
    WEIR_CHECK(again.ok() && again->log_id == request->log_id);
    WEIR_CHECK(again->expires_us == request->expires_us);
    WEIR_CHECK(again->records.size() == request->records.size());
    for (std::size_t i = 0; i < again->records.size(); ++i) {
      WEIR_CHECK(same(again->records[i], request->records[i]));
    }
  }
  for (const std::size_t records : {0U, 1U, 3U}) {
    const auto places = read_answer(bytes, records);
    if (places) WEIR_CHECK(places->size() == records && write_places(*places) == bytes);
  }
}

}  // namespace
}  // namespace weir

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const std::string bytes(fuzz::text_of(data, size));
  read_both(bytes);
  read_both(with_good_checksum(bytes));
  return 0;
}
