#include "base/compress.h"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <zstd.h>
#include <zstd_errors.h>

namespace weir {
namespace {

// Without a content size in the header the output grows from here by doubling.
constexpr std::size_t kFirstGuess = 64 * 1024;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  WEIR_CHECK(context != nullptr);
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  WEIR_CHECK(context != nullptr);
  return context.get();
}

Error truncated() { return Error{ErrorCode::invalid, "zstd: truncated: the frame ends early", ""}; }
Error corrupt(std::string_view why) {
  return Error{ErrorCode::invalid, fmt::format("zstd: corrupt: {}", why), ""};
}
Error too_large(std::size_t bytes_max) {
  return Error{ErrorCode::full,
               fmt::format("zstd: too large: the content is longer than {} bytes", bytes_max), ""};
}

Error frame_error(std::size_t code) {
  if (ZSTD_getErrorCode(code) == ZSTD_error_srcSize_wrong) return truncated();
  return corrupt(ZSTD_getErrorName(code));
}

/// The header says how long the content is. That is a claim, not a fact: nothing is reserved for
/// more than so few bytes can make (a block of up to 128 KiB takes at least 3 of them).
Status decompress_known(std::string_view in, std::size_t claimed, std::size_t bytes_max,
                        std::string& out) {
  if (claimed > bytes_max) return too_large(bytes_max);
  if (claimed / ZSTD_BLOCKSIZE_MAX > in.size() / 3) return truncated();
  out.resize(claimed);
  const std::size_t made =
      ZSTD_decompressDCtx(decompressor(), out.data(), out.size(), in.data(), in.size());
  if (ZSTD_isError(made)) return frame_error(made);
  out.resize(made);
  return {};
}

/// The header does not say: the output grows, up to one byte more than is allowed.
Status decompress_unknown(std::string_view in, std::size_t bytes_max, std::string& out) {
  ZSTD_DCtx* context = decompressor();
  ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
  // Bounds the decoder's own buffer. 8 MiB is the window of level 19.
  ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 23);
  ZSTD_inBuffer from{in.data(), in.size(), 0};
  std::size_t made = 0;
  while (true) {
    if (made == out.size()) {
      out.resize(std::min(bytes_max + 1, std::max(out.size() * 2, kFirstGuess)));
    }
    ZSTD_outBuffer to{out.data(), out.size(), made};
    const std::size_t left = ZSTD_decompressStream(context, &to, &from);
    if (ZSTD_isError(left)) return frame_error(left);
    made = to.pos;
    if (made > bytes_max) return too_large(bytes_max);
    if (left == 0) break;
    if (made < out.size() && from.pos == from.size) return truncated();
  }
  out.resize(made);
  return {};
}

Status decompress_into(std::string_view in, std::size_t bytes_max, std::string& out) {
  out.clear();
  const std::size_t frame = ZSTD_findFrameCompressedSize(in.data(), in.size());
  if (ZSTD_isError(frame)) return frame_error(frame);
  if (frame != in.size()) return corrupt("bytes behind the frame");
  const unsigned long long claimed = ZSTD_getFrameContentSize(in.data(), in.size());
  if (claimed == ZSTD_CONTENTSIZE_UNKNOWN) return decompress_unknown(in, bytes_max, out);
  if (claimed == ZSTD_CONTENTSIZE_ERROR) return corrupt("no frame header");
  return decompress_known(in, claimed, bytes_max, out);
}

}  // namespace

Status zstd_compress(std::string_view in, int level, std::string& out) {
  if (level < 1 || level > 19) {
    return Error{ErrorCode::invalid, fmt::format("zstd: level {} is not from 1 to 19", level), ""};
  }
  ZSTD_CCtx* context = compressor();
  ZSTD_CCtx_reset(context, ZSTD_reset_session_only);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  out.resize(ZSTD_compressBound(in.size()));
  const std::size_t made = ZSTD_compress2(context, out.data(), out.size(), in.data(), in.size());
  WEIR_CHECK(!ZSTD_isError(made));  // the bound was kept, so only a lack of memory is left
  out.resize(made);
  return {};
}

Result<std::size_t> zstd_decompress(std::string_view in, std::size_t bytes_max, std::string& out) {
  Status done = decompress_into(in, bytes_max, out);
  if (!done) {
    out.clear();
    return done.error();
  }
  return out.size();
}

}  // namespace weir
