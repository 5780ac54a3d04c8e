// SealedFile: a sealed generation, read where it lies (mmap), its filter in memory.
//
// open() checks everything: the digest that its row names, header, length, order of the blocks.
// Each later look-up checks the sum of the one block that it reads, so that a disk that rots under
// a running process is noticed. The whole file is read by calls before it is looked at where it is
// mapped: a sector that cannot be read is an error then, where a mapping would end the process (it
// still does when the sector goes bad later, and the page was let go). Errors: `not_found`,
// `integrity`, or of the system. Threads: one.
#pragma once

#include "base/result.h"
#include "ingest/identity/generation.h"
#include "ingest/identity/key_filter.h"
#include "ingest/identity/sealed_format.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

struct UnmapBytes {
  std::size_t size = 0;
  void operator()(const std::uint8_t* at) const;
};

/// Reads the first `size` bytes of `fd` once. Error `integrity`: the disk cannot give them.
Status read_through(int fd, std::size_t size, const std::string& path);

/// Read-only view of a whole file.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path);
  std::span<const std::uint8_t> bytes() const { return {bytes_.get(), bytes_.get_deleter().size}; }
  /// Reads come one here, one there; pages that were read through may go.
  void expect_random_reads() const;

 private:
  std::unique_ptr<const std::uint8_t, UnmapBytes> bytes_;
};

class SealedFile {
 public:
  static Result<SealedFile> open(const std::string& folder, const Generation& generation);

  const Generation& generation() const { return generation_; }
  const SealedHeader& header() const { return header_; }
  /// Greatest append time of any record below `from`; nullopt when there is none.
  std::optional<AppendTime> append_before() const;
  std::uint64_t file_bytes() const { return header_.file_bytes(); }

  bool may_hold(const Identity& identity) const { return filter_.may_hold(identity); }
  void prefetch(const Identity& identity) const { filter_.prefetch(identity); }
  Result<std::optional<RecordRow>> find(const Identity& identity) const;
  /// Entry `index` in order of identity; the block's sum is not looked at (a merge checks blocks).
  IdentityEntry entry(std::uint64_t index) const;
  Status check_block(std::uint64_t block) const;

 private:
  SealedFile() = default;
  Status check_header() const;
  Status index_blocks();
  Error damaged(const std::string& what) const;
  std::span<const std::uint8_t> entries_of(std::uint64_t block) const;

  std::string path_;
  Generation generation_;
  MappedFile file_;
  SealedHeader header_;
  KeyFilter filter_;
  std::vector<Identity> first_of_block_;
};

}  // namespace weir
