#include "ingest/file_stream/member_file.h"

#include "base/digest.h"
#include "base/volume/durable_file.h"
#include "ingest/spool/crc32c.h"
#include "ingest/spool/little_endian.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <iomanip>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr std::string_view kMagic = "weirmem1";
constexpr std::string_view kSuffix = ".member";
constexpr std::size_t kFixedBytes = kMagic.size() + 8 + 8 + 4 + 4;
constexpr std::size_t kBytesMax = 1 << 20;
constexpr int kTornReadsMax = 100;  // of a file that its member writes meanwhile
constexpr int kMakingTriesMax = 100;

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// The lock belongs to the open file, not to the process: it also tells members of one process apart.
bool take_lock(int fd) {
  struct flock lock = whole_file(F_WRLCK);
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

/// Without taking it, so that those who look do not see one another.
bool is_locked(int fd) {
  struct flock lock = whole_file(F_WRLCK);
  return ::fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

std::string new_name(std::int64_t joined_us) {
  std::ostringstream name;
  name << std::setw(20) << std::setfill('0') << joined_us << '-' << random_hex(4) << kSuffix;
  return name.str();
}

bool is_linked(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && info.st_nlink > 0;
}

Status write_at_start(int fd, const std::string& path, std::string_view bytes) {
  ssize_t written = 0;
  do {
    written = ::pwrite(fd, bytes.data(), bytes.size(), 0);
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(bytes.size())) return {};
  return error_of(written < 0 ? errno : ENOSPC, "cannot write", path);
}

std::optional<MemberState> read_whole(int fd) {
  std::string bytes;
  for (int i = 0; i < kTornReadsMax; ++i) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || info.st_size > static_cast<off_t>(kBytesMax)) break;
    bytes.resize(static_cast<std::size_t>(info.st_size));
    const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), 0);
    if (got < 0) continue;
    bytes.resize(static_cast<std::size_t>(got));
    if (auto state = read_member(bytes)) return state;
  }
  return std::nullopt;
}

/// Under its lock: a file that is being made is never taken for one that is left over.
void remove_left_over(int fd, const std::string& path) {
  if (take_lock(fd)) ::unlink(path.c_str());
}

}  // namespace

std::string write_member(const MemberState& state) {
  std::string out(kMagic);
  put_number(out, state.boot);
  put_number(out, state.beat_us);
  put_number(out, static_cast<std::uint32_t>(state.claims.size()));
  std::string bits((state.claims.size() + 7) / 8, '\0');
  for (std::size_t p = 0; p < state.claims.size(); ++p) {
    if (state.claims[p]) bits[p / 8] = static_cast<char>(bits[p / 8] | 1 << p % 8);
  }
  out += bits;
  put_number(out, crc32c(out));
  return out;
}

std::optional<MemberState> read_member(std::string_view bytes) {
  if (bytes.size() < kFixedBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  std::string_view checksum = bytes.substr(bytes.size() - 4);
  bytes.remove_suffix(checksum.size());
  if (crc32c(bytes) != take_number<std::uint32_t>(checksum)) return std::nullopt;
  bytes.remove_prefix(kMagic.size());
  MemberState state;
  state.boot = take_number<std::uint64_t>(bytes);
  state.beat_us = take_number<std::int64_t>(bytes);
  const std::size_t count = take_number<std::uint32_t>(bytes);
  if (bytes.size() != (count + 7) / 8) return std::nullopt;
  state.claims.resize(count);
  for (std::size_t p = 0; p < count; ++p) state.claims[p] = (bytes[p / 8] >> p % 8 & 1) != 0;
  return state;
}

Result<std::unique_ptr<MemberFile>> MemberFile::make(const std::string& folder,
                                                     std::int64_t joined_us,
                                                     const MemberState& state) {
  for (int i = 0; i < kMakingTriesMax; ++i) {
    std::string name = new_name(joined_us);
    const std::string path = folder + "/" + name;
    Result<Descriptor> file = Descriptor::open(path, O_RDWR | O_CREAT | O_EXCL);
    if (!file) return file.error();
    // Somebody who looked just now may hold it, or have removed it, as left over.
    if (!take_lock(file->get()) || !is_linked(file->get())) continue;
    std::unique_ptr<MemberFile> made(new MemberFile(folder, std::move(name), *std::move(file)));
    WEIR_TRY(made->write(state));
    return made;
  }
  return Error{ErrorCode::unavailable, folder + ": no member's file can be made",
               "see who removes files there"};
}

MemberFile::~MemberFile() {
  ::unlink((folder_ + "/" + name_).c_str());
  // A child that was forked meanwhile shares the open file, and with it the lock.
  struct flock lock = whole_file(F_UNLCK);
  ::fcntl(file_.get(), F_OFD_SETLK, &lock);
}

Status MemberFile::write(const MemberState& state) {
  return write_at_start(file_.get(), folder_ + "/" + name_, write_member(state));
}

Result<std::vector<SeenMember>> read_members(const std::string& folder) {
  Result<std::vector<std::string>> names = list_folder(folder);
  if (!names) return names.error();
  std::vector<SeenMember> members;
  for (std::string& name : *names) {
    if (!name.ends_with(kSuffix)) continue;
    const std::string path = folder + "/" + name;
    const Result<Descriptor> file = Descriptor::open(path, O_RDWR);
    if (!file && file.error().code == ErrorCode::not_found) continue;  // left just now
    if (!file) return file.error();
    if (!is_locked(file->get())) {
      remove_left_over(file->get(), path);
      continue;
    }
    if (auto state = read_whole(file->get())) members.push_back({std::move(name), *state});
  }
  return members;
}

}  // namespace weir
