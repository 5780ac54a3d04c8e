// zstd over memory, with one context a thread that is used again and again: in steady state neither
// call allocates, provided that `out` has grown to its size before.
//
// `out` is overwritten, never appended to; its capacity is kept. One call makes and takes exactly
// one zstd frame, with the content size in its header and a checksum behind it. Threads: any.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

/// `level` 1 (fast) to 19 (small). Error `invalid` for any other level.
Status zstd_compress(std::string_view in, int level, std::string& out);

/// Bounded against bombs: never makes more than `bytes_max` bytes, nor reserves them on the word of
/// a header that claims more. Gives the number of bytes, which is out.size(). Errors, all but the
/// last of code `invalid`, and `out` is then empty:
///   "zstd: truncated ..."  the frame ends early (also an empty input)
///   "zstd: corrupt ..."    no frame, wrong checksum, damaged, or bytes behind the frame
///   "zstd: too large ..."  code `full`: the content is longer than bytes_max
Result<std::size_t> zstd_decompress(std::string_view in, std::size_t bytes_max, std::string& out);

}  // namespace weir
