#include "ingest/collector/tail.h"

#include "base/log.h"
#include "ingest/collector/tail_input.h"

#include <fmt/format.h>
#include <sys/stat.h>

namespace weir {
namespace {

constexpr auto kStillFor = std::chrono::seconds(1);

}  // namespace

Status Tail::begin() {
  Result<std::optional<TailPosition>> stored = state_.read();
  if (!stored) return stored.error();
  if (!*stored) return {};
  Result<bool> found = find_former(**stored);
  if (!found) return found.error();
  if (*found) return {};
  return lost(
      fmt::format("{}: the file that was being read ({}) is gone; what it held behind "
                  "position {} is lost to the tail",
                  path_, (*stored)->source, (*stored)->position));
}

Status Tail::lost(const std::string& what) {
  log_error(what, {{"remedy", "load what is missing by hand, or give it up, and remove " +
                                  state_.lost_path() + ": until then this tail seals nothing"}});
  return state_.mark_lost(what);
}

Status Tail::open_at(OpenFile file, TailPosition at) {
  log_info("reading", {{"path", path_}, {"source", at.source}, {"position", at.position}});
  Result<FileHead> head = FileHead::of(file);
  if (!head) return head.error();
  still_since_.reset();
  open_.emplace(Open{std::move(file), at.source, *std::move(head), nullptr, at.line});
  open_->lines = std::make_unique<FileLines>(open_->file.fd(), at.position);
  shipper_.begin_file(at.source);
  return {};
}

Result<bool> Tail::find_former(const TailPosition& at) {
  Result<std::optional<OpenFile>> file = find_tailed(path_, at);
  if (!file) return file.error();
  if (!*file) return false;
  WEIR_TRY(open_at(**std::move(file), at));
  return true;
}

Result<bool> Tail::open_present() {
  Result<OpenFile> file = OpenFile::open(path_);
  if (!file && file.error().code == ErrorCode::not_found) return false;
  if (!file) return file.error();
  Result<std::optional<std::string>> source = tailed_file_source(*file);
  if (!source) return source.error();
  if (!*source) return false;  // no complete line yet, so no identity yet
  WEIR_TRY(open_at(*std::move(file), {**source, 0, 0}));
  return true;
}

Result<Tail::Fate> Tail::fate() {
  if (open_->was_cut || open_->file.size() < open_->lines->position()) return Fate::begun_anew;
  // Cut and grown past the position again: only its beginning can tell.
  Result<bool> same = open_->head.still_of(open_->file);
  if (!same) return same.error();
  if (!*same) return Fate::begun_anew;
  struct stat facts = {};
  if (stat(path_.c_str(), &facts) != 0) return Fate::current;  // between rename and creation
  return facts.st_ino == open_->file.inode() ? Fate::current : Fate::renamed;
}

Result<bool> Tail::step(const std::stop_token& stop) {
  at_end_ = false;
  if (!open_) {
    Result<bool> opened = open_present();
    if (opened && !*opened) at_end_ = true;  // there is nothing to read
    if (!opened || !*opened) return opened;
  }
  // Asked before reading to the end: what the name means afterwards may have been written to since.
  Result<Fate> fate_now = fate();
  if (!fate_now) return fate_now.error();
  if (*fate_now == Fate::begun_anew) {
    open_->was_cut = true;  // it may grow past the position before the mark is written
    if (unsaved_) WEIR_TRY(flush(stop));
    // The mark first: whoever opens the new content without it would call it whole.
    WEIR_TRY(
        lost(fmt::format("{}: the file was cut at position {} and begun anew; lines that were "
                         "not read before that are lost (rotate by renaming)",
                         path_, open_->lines->position())));
    open_.reset();
    return true;
  }
  Result<bool> shipped = ship_lines(stop);
  if (!shipped) return shipped;
  if (*fate_now == Fate::current) {
    at_end_ = !shipper_was_full_;
    return shipped;
  }
  if (*shipped) still_since_.reset();
  if (*shipped || !still_for_a_while()) return shipped;
  WEIR_TRY(finish_old(stop));
  return true;
}

bool Tail::still_for_a_while() {
  const TimePoint now = clock_.steady_now();
  if (!still_since_) still_since_ = now;
  return now - *still_since_ >= kStillFor;
}

Result<bool> Tail::ship_lines(const std::stop_token& stop) {
  FileLines::Line line;
  bool any = false;
  shipper_was_full_ = true;
  while (!shipper_.full()) {
    Result<bool> more = open_->lines->next(line);
    if (!more) return more;
    if (!*more) {
      shipper_was_full_ = false;
      break;
    }
    any = unsaved_ = true;
    shipper_.add(line, ++open_->line);
  }
  if (unsaved_) WEIR_TRY(flush(stop));  // also what an earlier step could not
  return any;
}

// A last line without its newline gets none any more.
Status Tail::finish_old(const std::stop_token& stop) {
  FileLines::Line line;
  if (open_->lines->take_rest(line)) {
    unsaved_ = true;
    shipper_.add(line, ++open_->line);
    WEIR_TRY(flush(stop));
  }
  log_info("read to its end", {{"source", open_->source}, {"lines", open_->line}});
  WEIR_TRY(look_for_skipped(open_->file.change().seconds));
  open_.reset();
  return {};
}

// A file that was rotated away between two looks stands beside this one, and was written later.
Status Tail::look_for_skipped(std::int64_t finished_at) {
  Result<std::optional<std::string>> name = rotated_since(path_, open_->file, finished_at);
  if (!name) return name.error();
  if (!*name) return {};
  return lost(
      fmt::format("{}: was rotated more than once before it was read; {} may hold lines "
                  "that the tail has never seen",
                  path_, **name));
}

Status Tail::flush(const std::stop_token& stop) {
  WEIR_TRY(shipper_.flush(stop));
  WEIR_TRY(state_.write({open_->source, open_->lines->position(), open_->line}));
  unsaved_ = false;
  return {};
}

}  // namespace weir
