// A data file: one immutable Parquet file of the analytics volume, as its catalogue row tells of
// it.
//
//   segment    one row an event
//   rollup     one row a (minute, key), with counts and sums (rollup.h)
//   histogram  one row a (minute, key, latency bucket)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

enum class FileKind : std::int8_t { segment = 0, rollup = 1, histogram = 2 };
const char* name_of(FileKind kind);
/// "segments" or "rollups": the folder under the volume.
const char* folder_of(FileKind kind);

/// Of a rollup, `events` are those it counts; a segment's events are its rows.
struct DataFile {
  std::int64_t id = 0;
  FileKind kind = FileKind::segment;
  std::string name;  // in its folder
  std::int64_t rows = 0;
  std::int64_t events = 0;
  std::int64_t bytes = 0;
  std::int64_t event_min_us = 0;  // event times of the events, both ends inside
  std::int64_t event_max_us = 0;
  std::int64_t append_min_us = 0;
  std::int64_t append_max_us = 0;
  std::int64_t overflow_events = 0;  // that the cardinality cap sent to "__other__"
  std::int32_t level = 0;            // 0: written by consume; else how often it was merged
};

}  // namespace weir
