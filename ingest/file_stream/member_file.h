// The file by which a process is a member of a group: its heartbeat and the partitions that it claims.
//
//   <group>/<when it joined, 20 digits>-<random>.member
//   member := "weirmem1" boot:u64 beat:i64 partitions:u32 claims crc:u32       claims: a bit for each
//
// `beat` is microseconds of the machine's steady clock, `boot` tells in which of the machine's lives
// (LogDisk::boot); numbers are little-endian, the checksum is CRC32C. The member holds a lock on its
// own file as long as its process lives: without it the file is left over, and whoever sees that
// removes it. Nothing here needs to survive a power failure. Private to ingest/file_stream.
// Threads: one at a time.
#pragma once

#include "base/result.h"
#include "base/volume/descriptor.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct MemberState {
  std::uint64_t boot = 0;
  std::int64_t beat_us = 0;
  std::vector<bool> claims;  // by partition
  bool operator==(const MemberState&) const = default;
};
std::string write_member(const MemberState& state);
/// Nothing when it is no whole one.
std::optional<MemberState> read_member(std::string_view bytes);

/// One's own. Removed when destroyed.
class MemberFile {
 public:
  /// `joined_us`: members are ranked by it.
  static Result<std::unique_ptr<MemberFile>> make(const std::string& folder, std::int64_t joined_us,
                                                  const MemberState& state);
  ~MemberFile();
  MemberFile(const MemberFile&) = delete;
  MemberFile& operator=(const MemberFile&) = delete;

  Status write(const MemberState& state);
  const std::string& name() const { return name_; }

 private:
  MemberFile(std::string folder, std::string name, Descriptor file)
      : folder_(std::move(folder)), name_(std::move(name)), file_(std::move(file)) {}

  const std::string folder_, name_;
  Descriptor file_;
};

struct SeenMember {
  std::string name;
  MemberState state;
};
/// All whose process lives, by rank; what dead ones left is removed.
Result<std::vector<SeenMember>> read_members(const std::string& folder);

}  // namespace weir
