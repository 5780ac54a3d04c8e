// Retention: what may leave a file log, and which of its segments goes next (R16).
//
// Whole segments leave, the oldest of a partition first. A segment is held while it has a record that
// is still needed: one at or beyond the partition's cursor, which quota alone moves (cursor_file.h).
//
//   newest record older than `age`                 goes, unless it is held
//   more than `bytes`, or than a bound below       the oldest go, by append time, unless they are held
//   more than `held_bytes_max`, or `volume_bytes_max`      the oldest go, held or not
//
// What goes although it is held is told apart: its readers record a gap, and the owner of the log says
// so as an error and counts it. Values in, values out. Bytes are of all segments of all partitions.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "base/volume/durable_file.h"
#include "ingest/stream/record.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace weir {

inline constexpr std::int64_t kNoBound = std::numeric_limits<std::int64_t>::max();

struct Retention {
  /// Measured by the log's clock. A record leaves no later than an eighth of it afterwards, since a
  /// newest segment that is older than that is closed. Zero: for ever.
  Micros age{0};
  std::int64_t bytes = kNoBound;
  std::int64_t held_bytes_max = kNoBound;
  /// What the volume leaves for the log at this moment (bytes_on_volume).
  std::int64_t volume_bytes_max = kNoBound;
  /// What is about to be appended: counts as if it were there already.
  std::int64_t room = 0;
};

/// `log_bytes` of a log on a volume that shall keep `free_percent` of its bytes free: what the log may
/// have at this moment. kNoBound when the volume is not short; 0 at the least.
std::int64_t bytes_on_volume(const VolumeSpace& volume, int free_percent, std::int64_t log_bytes);

/// What retain() removed.
struct Dropped {
  struct Range {
    PartitionId partition;
    Offset from, to;         // half-open
    std::int64_t bytes = 0;  // of the segments in which these records stood
  };
  std::vector<Range> ranges;  // one a partition at most
  std::vector<Range>
      unread;  // of them, what the cursor still held: an error, to be told and counted
  /// Why something is left that should have gone: the disk's error, or `unavailable` of a log that
  /// takes no more records. The other partitions went on.
  Status status;
};
/// Adds to a list of ranges what of the same partition comes next.
void add_range(std::vector<Dropped::Range>& ranges, const Dropped::Range& next);

/// The first segment of one partition.
struct OldestSegment {
  AppendTime newest;    // of its records
  bool held = true;     // it has records that are needed
  bool has_any = true;  // records at all
  bool small = false;   // a newest segment that is not worth being closed for the sake of bytes
  bool stuck = false;   // its removal failed
};
/// The index of the segment that goes next; nothing when all may stay. `bytes`: of the log.
std::optional<std::size_t> next_to_go(std::span<const OldestSegment> oldest,
                                      const Retention& retention, std::int64_t bytes,
                                      AppendTime now);

}  // namespace weir
