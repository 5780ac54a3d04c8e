#include "ingest/collector/tail.h"

#include "base/log.h"
#include "base/volume/durable_file.h"
#include "ingest/collector/file_identity.h"

#include <fmt/format.h>
#include <sys/stat.h>

namespace weir {
namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Rejection line_too_long() {
  Rejection why;
  why.reason = reason::kTooLong;
  why.detail = fmt::format("the line is longer than {} bytes", FileLines::kLineBytesMax);
  return why;
}

}  // namespace

Status Tail::begin() {
  Result<std::optional<TailPosition>> stored = state_.read();
  if (!stored) return stored.error();
  if (!*stored) return {};
  Result<bool> found = find_former(**stored);
  if (!found) return found.error();
  if (!*found) {
    log_error(
        "the file that was being read is gone; what it held behind the position is lost to "
        "the tail",
        {{"path", path_}, {"source", (*stored)->source}, {"position", (*stored)->position}});
  }
  return {};
}

Status Tail::open_at(OpenFile file, TailPosition at) {
  log_info("reading", {{"path", path_}, {"source", at.source}, {"position", at.position}});
  open_.emplace(Open{std::move(file), at.source, nullptr, at.line});
  open_->lines = std::make_unique<FileLines>(open_->file.fd(), at.position);
  shipper_.begin_file(at.source);
  return {};
}

// Under its own name, or beside it: rotation renames within the folder.
Result<bool> Tail::find_former(const TailPosition& at) {
  const std::string folder = folder_of(path_);
  Result<std::vector<std::string>> names = list_folder(folder);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!name.starts_with(base_of(path_))) continue;
    Result<OpenFile> file = OpenFile::open(folder + "/" + name);
    if (!file) continue;
    Result<std::optional<std::string>> source = tailed_file_source(*file);
    if (!source || !*source || **source != at.source || file->size() < at.position) continue;
    WEIR_TRY(open_at(*std::move(file), at));
    return true;
  }
  return false;
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

Result<Tail::Fate> Tail::fate() const {
  if (open_->file.size() < open_->lines->position()) return Fate::begun_anew;
  // Cut and grown past the position again: only the first line can tell.
  Result<std::optional<std::string>> source = tailed_file_source(open_->file);
  if (!source) return source.error();
  if (!*source || **source != open_->source) return Fate::begun_anew;
  struct stat facts = {};
  if (stat(path_.c_str(), &facts) != 0) return Fate::current;  // between rename and creation
  return facts.st_ino == open_->file.inode() ? Fate::current : Fate::renamed;
}

Result<bool> Tail::step(const std::stop_token& stop) {
  if (!open_) {
    Result<bool> opened = open_present();
    if (!opened || !*opened) return opened;
  }
  // Asked before reading to the end: what the name means afterwards may have been written to since.
  Result<Fate> fate_now = fate();
  if (!fate_now) return fate_now.error();
  if (*fate_now == Fate::begun_anew) {
    log_warn("the file was cut and begun anew; lines that were not read before that are lost",
             {{"path", path_}, {"position", open_->lines->position()}});
    open_.reset();
    return true;
  }
  Result<bool> shipped = ship_lines(stop);
  if (!shipped || *shipped || *fate_now == Fate::current) return shipped;
  WEIR_TRY(finish_old(stop));
  return true;
}

Result<bool> Tail::ship_lines(const std::stop_token& stop) {
  FileLines::Line line;
  bool any = false;
  while (!shipper_.full()) {
    Result<bool> more = open_->lines->next(line);
    if (!more) return more;
    if (!*more) break;
    any = true;
    ++open_->line;
    if (line.cut) {
      shipper_.refuse(line.text, open_->line, line.position, line_too_long());
    } else {
      shipper_.add(line.text, open_->line, line.position);
    }
  }
  if (any) WEIR_TRY(flush(stop));
  return any;
}

// A last line without its newline gets none any more.
Status Tail::finish_old(const std::stop_token& stop) {
  FileLines::Line line;
  if (open_->lines->take_rest(line)) {
    shipper_.add(line.text, ++open_->line, line.position);
    WEIR_TRY(flush(stop));
  }
  log_info("read to its end", {{"source", open_->source}, {"lines", open_->line}});
  open_.reset();
  return {};
}

Status Tail::flush(const std::stop_token& stop) {
  WEIR_TRY(shipper_.flush(stop));
  return state_.write({open_->source, open_->lines->position(), open_->line});
}

}  // namespace weir
