// A segment of the file log, as a crash or a bad disk may leave it: the writer opens or refuses it,
// and what a reader then delivers it delivers whole. The bytes stand behind a good header; in every
// second run the checksums are set right, which would otherwise be a shield.
#include "ingest/spool/crc32c.h"
#include "ingest/spool/log_folder.h"
#include "ingest/spool/log_reader.h"
#include "ingest/spool/memory_disk.h"
#include "tests/fuzz/fuzz.h"

#include <cstring>

namespace weir {
namespace {

constexpr PartitionId kPartition{0};
constexpr LogId kLog = {'a', ' ', 'l', 'o', 'g'};

/// As if they had been written so.
std::string with_good_checksums(std::string bytes) {
  for (std::size_t at = 0; at + kRecordHeadBytes <= bytes.size();) {
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + at, 4);
    if (length > bytes.size() - at - kRecordHeadBytes) break;
    const std::string_view whole = std::string_view(bytes).substr(at, kRecordHeadBytes + length);
    const std::uint32_t id = crc32c({kLog.data(), kLog.size()});
    const std::uint32_t checksum = crc32c(whole.substr(8), crc32c(whole.substr(0, 4), id));
    std::memcpy(bytes.data() + at + 4, &checksum, 4);
    at += whole.size();
  }
  return bytes;
}

void write(LogDisk& disk, const std::string& path, const std::string& bytes) {
  const auto file = disk.open(path, OpenFor::making);
  WEIR_CHECK(file.ok() && (*file)->write(0, bytes).ok() && (*file)->sync().ok());
}

void read_back(LogDisk& disk, const LogBounds& bounds) {
  const auto reader = LogReader::open(disk, "log");
  WEIR_CHECK(reader.ok());
  for (Offset offset = bounds.start; offset < bounds.end; ++offset) {
    const auto record = (*reader)->read(kPartition, offset);
    WEIR_CHECK(record.ok() && record->has_value() && (*record)->offset == offset);
  }
  WEIR_CHECK(!(*reader)->read(kPartition, bounds.end)->has_value());
}

void open_log(const std::string& records) {
  MemoryDisk disk;
  ManualClock clock(WallTime{fuzz::kNow});
  WEIR_CHECK(disk.make_folders("log/0").ok());
  write(disk, meta_path("log"), write_meta({kLog, 1}));
  write(disk, segment_path("log", kPartition, Offset{0}),
        write_segment_header(kLog, {kPartition, Offset{0}, AppendTime{0}}) + records);
  FileLogOptions options;
  options.folder = "log";
  const auto log = FileLog::open(disk, options, clock);
  if (!log) {
    WEIR_CHECK(log.error().code == ErrorCode::integrity);
    return;
  }
  const LogRecord next{kPartition, "text", "key", "value", {}};
  const auto place = (*log)->append({&next, 1}, Deadline::in(std::chrono::seconds(10)));
  WEIR_CHECK(place.ok());
  const LogBounds bounds = (*log)->bounds(kPartition);
  WEIR_CHECK(bounds.end == place->at(0).offset + 1);
  read_back(disk, bounds);
}

}  // namespace
}  // namespace weir

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const std::string bytes(fuzz::text_of(data, size));
  open_log(bytes);
  open_log(with_good_checksums(bytes));
  return 0;
}
