#include "ingest/file_stream/append_wire.h"

#include "ingest/spool/crc32c.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <optional>
#include <type_traits>

namespace weir {
namespace {

constexpr std::string_view kRequestMagic = "weirapp1";
constexpr std::string_view kAnswerMagic = "weirans1";
constexpr std::size_t kRecordHeadBytesHere = 4 + 2 + 2 + 2 + 4;
constexpr std::size_t kPlaceBytes = 16;
constexpr std::size_t kTextMax = 4096;
constexpr std::size_t kShortMax = 0xffff;

// The order is part of the format: the number is what is sent. 0 is success.
constexpr std::array kCodes = {ErrorCode::invalid,     ErrorCode::not_found, ErrorCode::conflict,
                               ErrorCode::unavailable, ErrorCode::in_doubt,  ErrorCode::full,
                               ErrorCode::denied,      ErrorCode::integrity, ErrorCode::config};

template <class T>
void put(std::string& out, T number) {
  static_assert(std::is_integral_v<T> && std::endian::native == std::endian::little);
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &number, sizeof(T));
  out.append(bytes.data(), bytes.size());
}

/// Takes from the front; once there was too little it says so for good.
class Bytes {
 public:
  explicit Bytes(std::string_view rest) : rest_(rest) {}
  template <class T>
  T number() {
    T value{};
    const std::string_view bytes = text(sizeof(T));
    if (bytes.size() == sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  std::string_view text(std::size_t length) {
    if (length > rest_.size()) short_ = true;
    if (short_) return {};
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }
  std::size_t left() const { return rest_.size(); }
  bool whole() const { return !short_; }
  bool at_end() const { return !short_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool short_ = false;
};

void seal(std::string& out) { put(out, crc32c(out)); }

/// What stands between the magic and the checksum, when both are right.
std::optional<Bytes> open_sealed(std::string_view bytes, std::string_view magic) {
  if (bytes.size() < magic.size() + 4 || !bytes.starts_with(magic)) return std::nullopt;
  const std::string_view sealed = bytes.substr(0, bytes.size() - 4);
  if (Bytes(bytes.substr(sealed.size())).number<std::uint32_t>() != crc32c(sealed)) {
    return std::nullopt;
  }
  return Bytes(sealed.substr(magic.size()));
}

Error no_request(const char* why) {
  return {ErrorCode::invalid, std::string("this is no append: ") + why,
          "let both processes be of one version of Weir"};
}

Error no_answer() {
  return {ErrorCode::in_doubt, "the keeper's answer to an append cannot be read",
          "let both processes be of one version of Weir"};
}

/// An origin that cannot be read is sent as one.
std::string origin_text_of(const Origin& origin) {
  return origin.malformed ? "?" : write_origin(origin);
}

void write_one(const LogRecord& record, std::string& out) {
  const std::string origin = origin_text_of(record.origin);
  const std::string redrive = write_redrive(record.origin);
  WEIR_CHECK(record.content_type.size() <= kShortMax);
  put(out, record.partition.value);
  put(out, static_cast<std::uint16_t>(record.content_type.size()));
  put(out, static_cast<std::uint16_t>(origin.size()));
  put(out, static_cast<std::uint16_t>(redrive.size()));
  put(out, static_cast<std::uint32_t>(record.value.size()));
  out.append(record.content_type).append(origin).append(redrive).append(record.value);
}

LogRecord read_one(Bytes& bytes) {
  LogRecord record;
  record.partition.value = bytes.number<std::int32_t>();
  const std::size_t content_type = bytes.number<std::uint16_t>();
  const std::size_t origin = bytes.number<std::uint16_t>();
  const std::size_t redrive = bytes.number<std::uint16_t>();
  const std::size_t value = bytes.number<std::uint32_t>();
  record.content_type = bytes.text(content_type);
  const std::string_view origin_text = bytes.text(origin);
  record.origin = read_origin(origin_text, bytes.text(redrive));
  record.value = bytes.text(value);
  return record;
}

std::string begin_answer(std::uint8_t code) {
  std::string out(kAnswerMagic);
  put(out, code);
  return out;
}

}  // namespace

std::size_t append_record_bytes(const LogRecord& record) {
  return kRecordHeadBytesHere + record.content_type.size() + origin_text_of(record.origin).size() +
         write_redrive(record.origin).size() + record.value.size();
}

std::string write_append(std::string_view log_id, std::int64_t expires_us,
                         std::span<const LogRecord> records) {
  WEIR_CHECK(log_id.size() == kLogIdDigits);
  std::size_t size = kAppendHeadBytes;
  for (const LogRecord& record : records) size += append_record_bytes(record);
  WEIR_CHECK(size <= kAppendBytesMax);
  std::string out;
  out.reserve(size);
  out.append(kRequestMagic).append(log_id);
  put(out, expires_us);
  put(out, static_cast<std::uint32_t>(records.size()));
  for (const LogRecord& record : records) write_one(record, out);
  seal(out);
  return out;
}

Result<AppendRequest> read_append(std::string_view bytes) {
  if (bytes.size() > kAppendBytesMax) return no_request("it is too long");
  std::optional<Bytes> body = open_sealed(bytes, kRequestMagic);
  if (!body) return no_request("it is damaged, or of another version");
  AppendRequest request;
  request.log_id = body->text(kLogIdDigits);
  request.expires_us = body->number<std::int64_t>();
  const std::size_t count = body->number<std::uint32_t>();
  if (!body->whole() || count > body->left() / kRecordHeadBytesHere) {
    return no_request("it holds fewer records than it says");
  }
  request.records.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    request.records.push_back(read_one(*body));
    if (!body->whole()) return no_request("a record is longer than it");
  }
  if (!body->at_end()) return no_request("something follows its last record");
  return request;
}

std::string write_places(std::span<const Appended> places) {
  std::string out = begin_answer(0);
  put(out, static_cast<std::uint32_t>(places.size()));
  for (const Appended& place : places) {
    put(out, place.offset.value);
    put(out, place.append_time.value);
  }
  seal(out);
  return out;
}

std::string write_refusal(const Error& error) {
  const auto at = std::find(kCodes.begin(), kCodes.end(), error.code) - kCodes.begin();
  std::string out = begin_answer(static_cast<std::uint8_t>(at + 1));
  for (const std::string& text : {error.what, error.remedy}) {
    const std::string_view kept = std::string_view(text).substr(0, kTextMax);
    put(out, static_cast<std::uint16_t>(kept.size()));
    out.append(kept);
  }
  seal(out);
  return out;
}

Result<std::vector<Appended>> read_answer(std::string_view bytes, std::size_t records) {
  std::optional<Bytes> body = open_sealed(bytes, kAnswerMagic);
  if (!body) return no_answer();
  const std::size_t code = body->number<std::uint8_t>();
  if (code > kCodes.size()) return no_answer();
  if (code > 0) {
    Error error{kCodes[code - 1], "", ""};
    error.what = body->text(body->number<std::uint16_t>());
    error.remedy = body->text(body->number<std::uint16_t>());
    if (!body->at_end()) return no_answer();
    return error;
  }
  const std::size_t count = body->number<std::uint32_t>();
  if (!body->whole() || count != records || body->left() != count * kPlaceBytes) {
    return no_answer();
  }
  std::vector<Appended> places(count);
  for (Appended& place : places) {
    place.offset.value = body->number<std::int64_t>();
    place.append_time.value = body->number<std::int64_t>();
  }
  return places;
}

std::int64_t steady_us() {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace weir
