// The files that a tail reads: one name, and what rotation has made of it beside it.
//
// A file is known by its identity (file_identity.h), never by its name: the one that was being read
// may have been renamed within its folder. What is asked here is asked of the folder as it is now.
#pragma once

#include "base/result.h"
#include "ingest/collector/open_file.h"
#include "ingest/collector/tail_state.h"

#include <cstdint>
#include <optional>
#include <string>

namespace weir {

/// The same file under two spellings is one tail, also while it is not there. Its folder must be:
/// error `not_found` else.
Result<std::string> canonical_path(const std::string& path);

/// The file of this position, under the tailed name or beside it; nullopt when it is gone, or shorter
/// than what was read of it.
Result<std::optional<OpenFile>> find_tailed(const std::string& path, const TailPosition& at);

/// The name of a rotated file beside `path`, other than `last`, that was written after `last` was at
/// `finished_at` (seconds): it may never have been read. nullopt: there is none.
Result<std::optional<std::string>> rotated_since(const std::string& path, const OpenFile& last,
                                                 std::int64_t finished_at);

/// Everything that stands in the input was read up to `stored` (nullopt: nothing ever was): the file
/// of that position to its last byte, and there is no other with content. Error `conflict` says what
/// was not read, and how to go on.
Status check_all_read(const std::string& path, const std::optional<TailPosition>& stored);

}  // namespace weir
