// The cursor of a file log: below which offsets quota needs nothing any more (R16).
//
// The file `cursor` in the log's folder holds the log's id and, for each partition, quota's least
// `next` less its horizon (format.md). Quota alone writes it, whole and durably; whoever owns the log
// reads it before each retain(). Analytics has no say. What cannot be trusted holds more, never less:
//
//   no file yet, damage, another log's id, unreadable      everything is held
//   an offset beyond H                                     all of that partition is held
//   an offset that went back                               held from there on; what is gone is told
//
// Threads: one at each end. Two writers at once leave a damaged file at worst.
#pragma once

#include "ingest/spool/file_log.h"
#include "ingest/spool/log_disk.h"
#include "ingest/spool/log_format.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

std::string write_cursor(const LogId& log, std::span<const Offset> needed_from);
/// Error `integrity`: it is no whole cursor of `log` with so many partitions; says why.
Result<std::vector<Offset>> read_cursor(const LogId& log, std::int32_t partitions,
                                        std::string_view bytes);

/// Quota's end. `log_id` is that of the log that was read (LogReader::id), not of whatever lies there
/// now; `needed_from` has an offset for each partition, 0 for one of which quota does not know that it
/// is still the log that it applied (R1). When it returns, the file survives a power failure.
Status store_cursor(LogDisk& disk, const std::string& folder, const std::string& log_id,
                    std::span<const Offset> needed_from);

/// The owner's end. `disk` and `log` outlive it.
class CursorWatch {
 public:
  CursorWatch(LogDisk& disk, const FileLog& log) : disk_(disk), log_(log) {}

  struct Look {
    std::vector<Offset> needed_from;  // for FileLog::retain(): empty, or one for each partition
    std::vector<std::string> news;    // for the operator: what was not so at the last look
  };
  Look look();

 private:
  Result<std::vector<Offset>> load() const;
  void compare(std::vector<Offset>& now, Look& look);
  void tell(const std::string& trouble, Look& look);

  LogDisk& disk_;
  const FileLog& log_;
  std::vector<Offset> last_;  // as they were last read; empty: never
  std::string trouble_;       // "" when all is well
};

}  // namespace weir
