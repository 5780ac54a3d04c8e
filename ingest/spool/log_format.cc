#include "ingest/spool/log_format.h"

#include "base/digest.h"
#include "ingest/spool/crc32c.h"
#include "ingest/spool/little_endian.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace weir {
namespace {

constexpr std::string_view kMagic = "weirseg1";
constexpr std::size_t kNameDigits = 20;
constexpr std::string_view kSuffix = ".seg";

std::string_view view_of(const LogId& id) { return {id.data(), id.size()}; }

std::string_view take_text(std::string_view& bytes, std::size_t length) {
  const std::string_view text = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return text;
}

/// Checks and removes the checksum at the end and the log's id at the beginning.
bool open_sealed(const LogId& log, std::string_view magic, std::string_view& bytes) {
  const std::string_view covered = bytes.substr(0, bytes.size() - 4);
  std::string_view checksum = bytes.substr(covered.size());
  if (crc32c(covered) != take_number<std::uint32_t>(checksum)) return false;
  bytes = covered;
  if (take_text(bytes, magic.size()) != magic) return false;
  return take_text(bytes, log.size()) == view_of(log);
}

/// A record whose origin cannot be read is kept as one.
std::string origin_text_of(const Origin& origin) {
  return origin.malformed ? "?" : write_origin(origin);
}

ReadRecord no_record(const char* why, std::size_t bytes) { return {why, bytes, false, {}, {}}; }

}  // namespace

LogId random_log_id() {
  const std::string bytes = *from_hex(random_hex(LogId{}.size()));
  LogId id;
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

std::string to_hex(const LogId& id) {
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), id.data(), bytes.size());
  return to_hex(std::span<const std::uint8_t>(bytes));
}

std::string write_segment_header(const LogId& log, const SegmentHeader& header) {
  std::string out(kMagic);
  out += view_of(log);
  put_number(out, header.partition.value);
  put_number(out, header.first.value);
  put_number(out, header.not_before.value);
  put_number(out, crc32c(out));
  return out;
}

std::optional<SegmentHeader> read_segment_header(const LogId& log, std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return std::nullopt;
  bytes = bytes.substr(0, kSegmentHeaderBytes);
  if (!open_sealed(log, kMagic, bytes)) return std::nullopt;
  SegmentHeader header;
  header.partition.value = take_number<std::int32_t>(bytes);
  header.first.value = take_number<std::int64_t>(bytes);
  header.not_before.value = take_number<std::int64_t>(bytes);
  return header;
}

std::size_t record_bytes(const LogRecord& record) {
  return kRecordHeadBytes + kRecordFixedBytes + record.content_type.size() + record.key.size() +
         origin_text_of(record.origin).size() + write_redrive(record.origin).size() +
         record.value.size();
}

void write_record(const LogId& log, const LogRecord& record, Offset offset, AppendTime append_time,
                  Offset durable, std::string& out) {
  const std::string origin = origin_text_of(record.origin);
  const std::string redrive = write_redrive(record.origin);
  const std::size_t begin = out.size();
  const std::size_t body = kRecordFixedBytes + record.content_type.size() + origin.size() +
                           redrive.size() + record.key.size() + record.value.size();
  WEIR_CHECK(body <= kRecordBodyMax && record.content_type.size() <= 0xffff);
  put_number(out, static_cast<std::uint32_t>(body));
  put_number(out, std::uint32_t{0});  // the checksum's place
  put_number(out, record.partition.value);
  put_number(out, offset.value);
  put_number(out, append_time.value);
  put_number(out, durable.value);
  put_number(out, static_cast<std::uint16_t>(record.content_type.size()));
  put_number(out, static_cast<std::uint16_t>(origin.size()));
  put_number(out, static_cast<std::uint16_t>(redrive.size()));
  put_number(out, static_cast<std::uint32_t>(record.key.size()));
  out.append(record.content_type).append(origin).append(redrive).append(record.key);
  out.append(record.value);
  const std::string_view whole = std::string_view(out).substr(begin);
  const std::uint32_t crc =
      crc32c(whole.substr(8), crc32c(whole.substr(0, 4), crc32c(view_of(log))));
  std::string checksum;
  put_number(checksum, crc);
  out.replace(begin + 4, 4, checksum);
}

ReadRecord read_record(const LogId& log, std::string_view bytes) {
  constexpr const char* kEndsEarly = "it ends early";
  if (bytes.size() < kRecordHeadBytes) return {kEndsEarly, kRecordHeadBytes, true, {}, {}};
  std::string_view rest = bytes;
  const auto length = take_number<std::uint32_t>(rest);
  const auto checksum = take_number<std::uint32_t>(rest);
  if (length < kRecordFixedBytes || length > kRecordBodyMax) {
    return no_record("its length cannot be", kRecordHeadBytes);
  }
  const std::size_t whole = kRecordHeadBytes + length;
  if (rest.size() < length) return {kEndsEarly, whole, true, {}, {}};
  rest = rest.substr(0, length);
  if (crc32c(rest, crc32c(bytes.substr(0, 4), crc32c(view_of(log)))) != checksum) {
    return no_record("its checksum is wrong", whole);
  }
  ReadRecord read;
  read.bytes = whole;
  read.record.partition.value = take_number<std::int32_t>(rest);
  read.record.offset.value = take_number<std::int64_t>(rest);
  read.record.append_time.value = take_number<std::int64_t>(rest);
  read.durable.value = take_number<std::int64_t>(rest);
  const std::size_t content_type = take_number<std::uint16_t>(rest);
  const std::size_t origin = take_number<std::uint16_t>(rest);
  const std::size_t redrive = take_number<std::uint16_t>(rest);
  const std::size_t key = take_number<std::uint32_t>(rest);
  if (content_type + origin + redrive + key > rest.size()) {
    return no_record("its texts are longer than it is", whole);
  }
  read.record.content_type = take_text(rest, content_type);
  const std::string_view origin_text = take_text(rest, origin);
  read.record.origin = read_origin(origin_text, take_text(rest, redrive));
  read.record.key = take_text(rest, key);
  read.record.value = rest;
  return read;
}

std::string write_slot(const LogId& log, const LogEnds& ends) {
  std::string out(view_of(log));
  put_number(out, ends.partition.value);
  put_number(out, ends.turn);
  put_number(out, ends.start.value);
  put_number(out, ends.end.value);
  put_number(out, ends.tail.value);
  put_number(out, ends.tail_bytes);
  put_number(out, ends.boot);
  put_number(out, crc32c(out));
  return out;
}

std::uint64_t slot_place(const LogEnds& ends) {
  const auto pair = static_cast<std::uint64_t>(ends.partition.value) * 2;
  return (pair + static_cast<std::uint64_t>(ends.turn) % 2) * kSlotBytes;
}

std::optional<LogEnds> read_slots(const LogId& log, PartitionId partition, std::string_view bytes) {
  std::optional<LogEnds> newest;
  for (; bytes.size() >= kSlotBytes; bytes.remove_prefix(kSlotBytes)) {
    std::string_view slot = bytes.substr(0, kSlotBytes);
    if (!open_sealed(log, "", slot)) continue;
    LogEnds ends;
    ends.partition.value = take_number<std::int32_t>(slot);
    ends.turn = take_number<std::int64_t>(slot);
    ends.start.value = take_number<std::int64_t>(slot);
    ends.end.value = take_number<std::int64_t>(slot);
    ends.tail.value = take_number<std::int64_t>(slot);
    ends.tail_bytes = take_number<std::int64_t>(slot);
    ends.boot = take_number<std::uint64_t>(slot);
    if (ends.partition != partition) continue;
    if (!newest || newest->turn < ends.turn) newest = ends;
  }
  return newest;
}

std::string segment_name(Offset first) {
  const std::string digits = std::to_string(first.value);
  return std::string(kNameDigits - digits.size(), '0') + digits + std::string(kSuffix);
}

std::optional<Offset> first_of_segment(std::string_view name) {
  if (name.size() != kNameDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  Offset first;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kNameDigits, first.value);
  if (error != std::errc() || end != name.data() + kNameDigits) return std::nullopt;
  if (first.value < 0) return std::nullopt;
  return first;
}

}  // namespace weir
