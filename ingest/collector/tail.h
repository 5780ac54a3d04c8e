// `weir-ingest tail FILE`: follows a log file onto the stream, through rotations and restarts.
//
// A file is known by its inode and first complete line, never by its name. When the name comes to mean
// another file (rotation by rename), the old one is read to its end first; a file that was cut to
// nothing and begun anew is another file, too. After a restart the file that was being read is looked
// for under its old name and beside it (access.log.1), finished, and then the present one is begun.
// The position is kept after the stream has acknowledged, so a kill -9 costs a second reading of a few
// lines, which adds nothing. A renamed file is read until it has been still for a second: its writer
// may not have opened the new one yet.
//
// A tail is a producer of its own (R15): W is sealed only when everything was read to its end, the
// rotated file included, at a wall time >= W. What a rotation took away unread (deleted, compressed,
// cut, or rotated twice meanwhile) is logged as an error, and remembered in a file beside the state:
// until an operator has settled it and removed that file, nothing is sealed.
#pragma once

#include "base/metrics.h"
#include "base/process.h"
#include "ingest/collector/file_identity.h"
#include "ingest/collector/line_reader.h"
#include "ingest/collector/line_shipper.h"
#include "ingest/collector/open_file.h"
#include "ingest/collector/settings.h"
#include "ingest/collector/tail_state.h"

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace weir {

/// The follower itself: steps are explicit, so that tests rotate between them.
class Tail {
 public:
  Tail(std::string path, TailState state, LineShipper& shipper, Clock& clock)
      : path_(std::move(path)), state_(std::move(state)), shipper_(shipper), clock_(clock) {}

  /// Finds the file to go on with. The path need not exist yet.
  Status begin();
  /// Ships what is there now. True when there was something; false: wait, then call again.
  Result<bool> step(const std::stop_token& stop);
  /// The last step() read everything that was there when it began, and none of it is in memory alone.
  bool at_end() const { return at_end_; }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Open {
    OpenFile file;
    std::string source;
    FileHead head;
    std::unique_ptr<FileLines> lines;  // refers to file.fd()
    std::int64_t line = 0;
    bool was_cut = false;
  };
  Status open_at(OpenFile file, TailPosition at);
  Result<bool> find_former(const TailPosition& at);
  Result<bool> open_present();
  enum class Fate {
    current,     // the name still means the file that is open
    renamed,     // the name means another one: read the old one to its end
    begun_anew,  // the same inode with other content: what it held unread is gone
  };
  Result<Fate> fate();
  Result<bool> ship_lines(const std::stop_token& stop);
  bool still_for_a_while();
  Status finish_old(const std::stop_token& stop);
  Status look_for_skipped(std::int64_t finished_at);
  Status lost(const std::string& what);
  Status flush(const std::stop_token& stop);

  std::string path_;
  TailState state_;
  LineShipper& shipper_;
  Clock& clock_;
  std::optional<Open> open_;
  std::optional<TimePoint> still_since_;  // of a renamed file
  bool shipper_was_full_ = false;
  bool unsaved_ = false;  // lines were read that no flush() has succeeded for
  bool at_end_ = false;
};

struct TailArguments {
  std::string file;
  LineArguments lines;
};

/// Runs until asked to stop. One tail a file: a second one says who holds it and exits.
ExitCode tail_file(const CollectorSettings& settings, const TailArguments& arguments,
                   const std::stop_token& stop);

}  // namespace weir
