#include "ingest/identity/sealed_writer.h"

#include "base/digest.h"
#include "base/volume/durable_file.h"
#include "ingest/identity/sealed_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace weir {

constexpr std::size_t kBufferBytes = 1u << 20;

SealedWriter::SealedWriter(std::string folder, const SealedHead& head, std::uint64_t entries_max)
    : folder_(std::move(folder)),
      volume_id_(head.volume_id),
      filter_(KeyFilter::sized_for(entries_max)) {
  WEIR_CHECK(head.from < head.to && head.append_min <= head.append_max);
  std::memcpy(header_.magic, kSealedMagic, sizeof(kSealedMagic));
  header_.version = kSealedVersion;
  header_.incarnation = head.incarnation;
  header_.partition = head.partition;
  header_.block_entries = kSealedBlockEntries;
  header_.from = head.from;
  header_.to = head.to;
  header_.append_min = head.append_min.value;
  header_.append_max = head.append_max.value;
  header_.has_before = head.append_before ? 1 : 0;
  header_.append_before = head.append_before.value_or(AppendTime{}).value;
  header_.filter_bytes = filter_.bytes();
  header_.offset_width = width_of(static_cast<std::uint64_t>(head.to - head.from - 1));
  header_.row_width = width_of(head.row_max);
  std::string nonce = random_hex(sizeof(header_.nonce));
  header_.nonce = std::strtoull(nonce.c_str(), nullptr, 16);
  temporary_ = fmt::format("{}/{}-{}-{}-{}-{}.tmp", folder_, head.incarnation, head.partition,
                           head.from, head.to, nonce);
}

SealedWriter::~SealedWriter() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

Status SealedWriter::create() {
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd_ < 0) return failed("create");
  buffer_.reserve(kBufferBytes + header_.block_bytes());
  buffer_.resize(sizeof(SealedHeader));  // written last, when the count is known
  block_begin_ = buffer_.size();
  return {};
}

Status SealedWriter::add(const IdentityEntry& entry) {
  if (fd_ < 0) WEIR_TRY(create());
  WEIR_CHECK(!last_ || *last_ < entry.identity);
  WEIR_CHECK(entry.place.offset >= header_.from && entry.place.offset < header_.to);
  WEIR_CHECK(width_of(entry.place.row) <= header_.row_width);
  last_ = entry.identity;
  buffer_.resize(buffer_.size() + header_.entry_bytes());
  put_entry(header_, entry, buffer_.data() + buffer_.size() - header_.entry_bytes());
  filter_.add(entry.identity);
  ++header_.count;
  return header_.count % header_.block_entries == 0 ? end_block() : Status{};
}

Status SealedWriter::end_block() {
  std::uint64_t sum = sum_of(std::span<const std::uint8_t>(buffer_).subspan(block_begin_));
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&sum);
  buffer_.insert(buffer_.end(), bytes, bytes + sizeof(sum));
  if (buffer_.size() >= kBufferBytes) WEIR_TRY(flush());
  block_begin_ = buffer_.size();
  return {};
}

Status SealedWriter::flush() {
  std::size_t done = 0;
  while (done < buffer_.size()) {
    ssize_t wrote = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return failed("write");
    done += static_cast<std::size_t>(wrote);
  }
  buffer_.clear();
  return {};
}

Status SealedWriter::write_header() {
  header_.sum = header_sum(header_);
  ssize_t wrote = ::pwrite(fd_, &header_, sizeof(header_), 0);
  return wrote == static_cast<ssize_t>(sizeof(header_)) ? Status{} : failed("write");
}

Result<Generation> SealedWriter::finish() {
  if (fd_ < 0) WEIR_TRY(create());
  if (header_.count % header_.block_entries != 0) WEIR_TRY(end_block());
  std::span<const std::uint8_t> image = filter_.image();
  buffer_.insert(buffer_.end(), image.begin(), image.end());
  WEIR_TRY(flush());
  WEIR_TRY(write_header());

  Result<MappedFile> written = MappedFile::open(temporary_);
  if (!written) return written.error();
  std::span<const std::uint8_t> bytes = written->bytes();
  WEIR_CHECK(bytes.size() == header_.file_bytes());
  Generation generation{header_.incarnation,
                        header_.partition,
                        header_.from,
                        header_.to,
                        AppendTime(header_.append_min),
                        AppendTime(header_.append_max),
                        static_cast<std::int64_t>(header_.count),
                        sha256_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()}),
                        volume_id_};
  std::string path = folder_ + "/" + generation.file_name();
  if (::access(path.c_str(), F_OK) == 0) {
    return Error{ErrorCode::integrity, path + ": is there already", "no name is written twice"};
  }
  WEIR_TRY(publish_file(temporary_, path));
  ::close(fd_);
  fd_ = -1;
  return generation;
}

Error SealedWriter::failed(const char* doing) const {
  int number = errno;
  const std::string what = fmt::format("{}: {}: {}", temporary_, doing, std::strerror(number));
  if (number == ENOSPC || number == EDQUOT) {
    return Error{ErrorCode::full, what,
                 "free space on the volume of the identity index (quota.volume, analytics.volume)"};
  }
  if (number == EACCES || number == EROFS) {
    return Error{ErrorCode::denied, what, "let the service write to the folder"};
  }
  return Error{ErrorCode::unavailable, what, ""};
}

}  // namespace weir
