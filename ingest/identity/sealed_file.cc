#include "ingest/identity/sealed_file.h"

#include "base/digest.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weir {
namespace {

Error system_error(const std::string& path, const char* doing) {
  int number = errno;
  ErrorCode code = number == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable;
  return Error{code, fmt::format("{}: {}: {}", path, doing, std::strerror(number)), ""};
}

std::string digest_of(std::span<const std::uint8_t> bytes) {
  return sha256_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

void UnmapBytes::operator()(const std::uint8_t* at) const {
  ::munmap(const_cast<std::uint8_t*>(at), size);
}

Status read_through(int fd, std::size_t size, const std::string& path) {
  constexpr std::size_t kChunk = 1u << 20;
  std::vector<char> chunk(std::min(size, kChunk));
  for (std::size_t at = 0; at < size;) {
    const std::size_t want = std::min(size - at, chunk.size());
    const ssize_t got = ::pread(fd, chunk.data(), want, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got > 0) {
      at += static_cast<std::size_t>(got);
      continue;
    }
    if (got < 0 && errno != EIO) return system_error(path, "read");
    return Error{
        ErrorCode::integrity,
        fmt::format("{}: {}", path, got < 0 ? "the disk cannot read it" : "it is cut short"),
        "the file does not count; its range is read again from the stream"};
  }
  return {};
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error(path, "open");
  struct stat about {};
  if (::fstat(fd, &about) != 0 || about.st_size == 0) {
    ::close(fd);
    return Error{ErrorCode::integrity, path + ": the file is empty", ""};
  }
  std::size_t size = static_cast<std::size_t>(about.st_size);
  if (Status readable = read_through(fd, size, path); !readable) {
    ::close(fd);
    return readable.error();
  }
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (at == MAP_FAILED) return system_error(path, "mmap");
  MappedFile file;
  file.bytes_ = {static_cast<const std::uint8_t*>(at), UnmapBytes{size}};
  return file;
}

void MappedFile::expect_random_reads() const {
  void* at = const_cast<std::uint8_t*>(bytes_.get());
  ::madvise(at, bytes().size(), MADV_DONTNEED);
  ::madvise(at, bytes().size(), MADV_RANDOM);
}

Result<SealedFile> SealedFile::open(const std::string& folder, const Generation& generation) {
  SealedFile sealed;
  sealed.generation_ = generation;
  sealed.path_ = folder + "/" + generation.file_name();
  Result<MappedFile> file = MappedFile::open(sealed.path_);
  if (!file) return file.error();
  sealed.file_ = std::move(*file);
  std::span<const std::uint8_t> bytes = sealed.file_.bytes();
  if (bytes.size() < sizeof(SealedHeader)) return sealed.damaged("shorter than its header");
  if (digest_of(bytes) != generation.digest) return sealed.damaged("its digest differs");
  std::memcpy(&sealed.header_, bytes.data(), sizeof(SealedHeader));
  WEIR_TRY(sealed.check_header());
  WEIR_TRY(sealed.index_blocks());
  sealed.filter_ =
      KeyFilter::from_image(bytes.subspan(sealed.header_.filter_at(), sealed.header_.filter_bytes));
  sealed.file_.expect_random_reads();
  return sealed;
}

Status SealedFile::check_header() const {
  if (std::memcmp(header_.magic, kSealedMagic, sizeof(kSealedMagic)) != 0) {
    return damaged("not an identity file");
  }
  if (header_.version != kSealedVersion) {
    return damaged(fmt::format("version {} is not known here", header_.version));
  }
  if (header_.sum != header_sum(header_)) return damaged("the header's sum differs");
  const Generation& named = generation_;
  bool same = header_.incarnation == named.incarnation && header_.partition == named.partition &&
              header_.from == named.from_offset && header_.to == named.to_offset &&
              header_.append_min == named.append_min.value &&
              header_.append_max == named.append_max.value &&
              static_cast<std::int64_t>(header_.count) == named.identities;
  if (!same) return damaged("the header is not what its row says");
  bool shape = header_.block_entries > 0 && header_.offset_width <= 8 && header_.row_width <= 4 &&
               header_.filter_bytes > 0 && header_.filter_bytes % sizeof(KeyFilter::Block) == 0 &&
               header_.file_bytes() == file_.bytes().size();
  if (!shape) return damaged("the length is not what the header says");
  return {};
}

Status SealedFile::index_blocks() {
  first_of_block_.reserve(header_.blocks());
  for (std::uint64_t block = 0; block < header_.blocks(); ++block) {
    WEIR_TRY(check_block(block));
    Identity first = get_entry(header_, entries_of(block).data()).identity;
    if (!first_of_block_.empty() && first <= first_of_block_.back()) {
      return damaged("the blocks are out of order");
    }
    first_of_block_.push_back(first);
  }
  return {};
}

std::optional<AppendTime> SealedFile::append_before() const {
  if (header_.has_before == 0) return std::nullopt;
  return AppendTime(header_.append_before);
}

Result<std::optional<RecordRow>> SealedFile::find(const Identity& identity) const {
  auto after = std::upper_bound(first_of_block_.begin(), first_of_block_.end(), identity);
  if (after == first_of_block_.begin()) return std::optional<RecordRow>{};
  std::uint64_t block = static_cast<std::uint64_t>(after - first_of_block_.begin()) - 1;
  WEIR_TRY(check_block(block));
  const std::uint8_t* entries = entries_of(block).data();
  std::size_t low = 0;
  std::size_t high = header_.entries_in(block);
  while (low < high) {
    std::size_t middle = (low + high) / 2;
    IdentityEntry entry = get_entry(header_, entries + middle * header_.entry_bytes());
    if (entry.identity == identity) return std::optional<RecordRow>{entry.place};
    if (entry.identity < identity) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::optional<RecordRow>{};
}

IdentityEntry SealedFile::entry(std::uint64_t index) const {
  std::uint64_t block = index / header_.block_entries;
  std::size_t within = static_cast<std::size_t>(index % header_.block_entries);
  return get_entry(header_, entries_of(block).data() + within * header_.entry_bytes());
}

Status SealedFile::check_block(std::uint64_t block) const {
  std::span<const std::uint8_t> entries = entries_of(block);
  std::uint64_t sum = 0;
  std::memcpy(&sum, entries.data() + entries.size(), sizeof(sum));
  if (sum != sum_of(entries)) return damaged(fmt::format("the sum of block {} differs", block));
  return {};
}

std::span<const std::uint8_t> SealedFile::entries_of(std::uint64_t block) const {
  return file_.bytes().subspan(header_.block_at(block),
                               header_.entries_in(block) * header_.entry_bytes());
}

Error SealedFile::damaged(const std::string& what) const {
  return Error{ErrorCode::integrity, fmt::format("{}: {}", path_, what),
               "the file does not count; its range is read again from the stream"};
}

}  // namespace weir
