#include "ingest/collector/tail_input.h"

#include "base/volume/durable_file.h"
#include "ingest/collector/file_identity.h"
#include "ingest/collector/line_reader.h"

#include <cctype>
#include <filesystem>
#include <fmt/format.h>

namespace weir {
namespace {

constexpr int kLinksMax = 40;

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// "access.log.1", "access.log-20260301": what rotation calls the files before this one.
bool is_rotated_name(const std::string& name, const std::string& base) {
  return name.size() > base.size() + 1 && name.starts_with(base) &&
         (name[base.size()] == '.' || name[base.size()] == '-') &&
         std::isdigit(static_cast<unsigned char>(name[base.size() + 1])) != 0;
}

Error unread(const std::string& what, const std::string& remedy) {
  return {ErrorCode::conflict, what,
          remedy + ", or give up what it holds: --give-up REASON (it is in no bill then)"};
}

Status check_read_to_end(const std::string& path, const OpenFile& file, std::int64_t position) {
  if (file.size() <= position) return {};
  FileLines lines(file.fd(), position);
  FileLines::Line line;
  Result<bool> complete = lines.next(line);
  if (!complete) return complete.error();
  if (*complete) {
    return unread(
        fmt::format("{}: the tail has read to position {} of {}", path, position, file.size()),
        "let the tail read the rest first");
  }
  return unread(fmt::format("{}: the last line, at position {}, has no newline, so that the tail "
                            "has not taken it",
                            path, position),
                "end it with a newline and let the tail read it first");
}

}  // namespace

// By the folder, since the name itself means nothing between rename and creation; a name that is a
// link is followed first, whether or not what it means is there.
Result<std::string> canonical_path(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  fs::path at = path;
  for (int links = 0; fs::is_symlink(fs::symlink_status(at, failed)); ++links) {
    if (links == kLinksMax) {
      return Error{ErrorCode::config, path + ": links lead round in a circle", ""};
    }
    const fs::path to = fs::read_symlink(at, failed);
    if (failed) return Error{ErrorCode::denied, path + ": " + failed.message(), ""};
    at = at.parent_path() / to;  // an absolute one stands for itself
  }
  const fs::path folder = at.has_parent_path() ? at.parent_path() : fs::path(".");
  const fs::path whole = fs::canonical(folder, failed);
  if (failed) {
    return Error{ErrorCode::not_found, folder.string() + ": " + failed.message(),
                 "make the folder first: a tail is known by where it lies"};
  }
  return (whole / at.filename()).string();
}

Result<std::optional<OpenFile>> find_tailed(const std::string& path, const TailPosition& at) {
  const std::string folder = folder_of(path);
  Result<std::vector<std::string>> names = list_folder(folder);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!name.starts_with(base_of(path))) continue;
    Result<OpenFile> file = OpenFile::open(folder + "/" + name);
    if (!file) continue;
    Result<std::optional<std::string>> source = tailed_file_source(*file);
    if (!source || !*source || **source != at.source || file->size() < at.position) continue;
    return std::optional(*std::move(file));
  }
  return std::optional<OpenFile>();
}

Result<std::optional<std::string>> rotated_since(const std::string& path, const OpenFile& last,
                                                 std::int64_t finished_at) {
  const std::string folder = folder_of(path);
  Result<std::vector<std::string>> names = list_folder(folder);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!is_rotated_name(name, base_of(path))) continue;
    Result<OpenFile> file = OpenFile::open(folder + "/" + name);
    if (!file || file->inode() == last.inode()) continue;
    if (file->size() > 0 && file->change().seconds > finished_at) return std::optional(name);
  }
  return std::optional<std::string>();
}

Status check_all_read(const std::string& path, const std::optional<TailPosition>& stored) {
  Result<OpenFile> present = OpenFile::open(path);
  if (!present && present.error().code != ErrorCode::not_found) return present.error();
  std::optional<OpenFile> last;
  if (stored) {
    Result<std::optional<OpenFile>> found = find_tailed(path, *stored);
    if (!found) return found.error();
    if (!*found) {
      return unread(
          fmt::format("{}: the file that the tail was reading is gone, or was cut; it had "
                      "read {} bytes of it",
                      path, stored->position),
          "put it back beside that name and let the tail read it");
    }
    last = *std::move(found);
    WEIR_TRY(check_read_to_end(path, *last, stored->position));
  }
  if (last && present && last->inode() == present->inode()) return {};
  if (last) {
    Result<std::optional<std::string>> skipped = rotated_since(path, *last, last->change().seconds);
    if (!skipped) return skipped.error();
    if (*skipped) {
      return unread(fmt::format("{}: {} was written after what the tail has read", path, **skipped),
                    "load it first");
    }
  }
  if (!present || present->size() == 0) return {};
  return unread(path + ": holds lines that the tail has not read", "let the tail read them first");
}

}  // namespace weir
