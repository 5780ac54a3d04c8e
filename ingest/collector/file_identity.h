// What a file's events are called after: their source. A line read twice is one event because its
// source and position are the same both times; two different lines never share both.
//
//   loaded  "load-" + 40 hex digits of the SHA-256 of the whole content
//   tailed  "tail-" + 40 hex digits of the SHA-256 of (inode, first complete line): a new file
//           under the old name, or the old file begun anew, has another first line or inode. (Not the
//           device: its number may change with a restart, and every line would be a new event.)
#pragma once

#include "base/result.h"
#include "ingest/collector/open_file.h"

#include <optional>
#include <string>

namespace weir {

/// What a loaded file is, as it stood when it was looked at: its identity is of these bytes alone.
struct LoadedFile {
  std::string source;
  OpenFile::Change seen;  // bytes behind seen.size are not of it
};
/// Error `conflict` when it is being written to: each look would find another file.
Result<LoadedFile> identify_loaded(const OpenFile& file);
/// Error `conflict` when it was written to since.
Status still_the_same(const OpenFile& file, const LoadedFile& loaded);
/// nullopt as long as the first line is not complete.
Result<std::optional<std::string>> tailed_file_source(const OpenFile& file);

/// The beginning of a file that is being read: tells at the cost of a short read whether it is still
/// the same content. Between two looks at an unchanged file it costs one fstat.
class FileHead {
 public:
  static Result<FileHead> of(const OpenFile& file);
  /// False: the file was cut and begun anew.
  Result<bool> still_of(const OpenFile& file);

 private:
  std::string bytes_;
  OpenFile::Change seen_;
};

}  // namespace weir
