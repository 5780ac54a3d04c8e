#include "ingest/stream/record.h"

#include "base/digest.h"
#include "base/result.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace weir {
namespace {

// org.apache.kafka.common.utils.Utils.murmur2, in unsigned arithmetic.
constexpr std::uint32_t kSeed = 0x9747b28c;
constexpr std::uint32_t kMultiplier = 0x5bd1e995;
constexpr int kShift = 24;

std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

std::uint32_t word_at(std::string_view bytes, std::size_t i) {
  return byte_at(bytes, i) | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2) << 16 |
         byte_at(bytes, i + 3) << 24;
}

std::string_view bytes_of(const std::array<char, 8>& number) { return {number.data(), 8}; }

std::array<char, 8> little_endian(std::int64_t number) {
  std::array<char, 8> bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xff);
  }
  return bytes;
}

/// A whole number >= 1, and nothing else.
std::optional<std::int64_t> read_ordinal(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

}  // namespace

bool is_producer_id(std::string_view id) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), allowed);
}

std::string write_origin(const Origin& origin) {
  if (!origin.numbered()) return {};
  return std::string(origin.producer) + " " + std::to_string(origin.epoch) + " " +
         std::to_string(origin.number);
}

std::string write_redrive(const Origin& origin) {
  return origin.redrive == 0 ? std::string() : std::to_string(origin.redrive);
}

Origin read_origin(std::string_view origin_text, std::string_view redrive_text) {
  const Origin malformed{{}, 0, 0, 0, true};
  Origin origin;
  if (!origin_text.empty()) {
    const std::size_t first = origin_text.find(' ');
    const std::size_t last = origin_text.rfind(' ');
    if (first == std::string_view::npos || first == last) return malformed;
    origin.producer = origin_text.substr(0, first);
    const auto epoch = read_ordinal(origin_text.substr(first + 1, last - first - 1));
    const auto number = read_ordinal(origin_text.substr(last + 1));
    if (!is_producer_id(origin.producer) || !epoch || !number) return malformed;
    origin.epoch = *epoch;
    origin.number = *number;
  }
  if (!redrive_text.empty()) {
    const auto child = read_ordinal(redrive_text);
    if (!child) return malformed;
    origin.redrive = *child;
  }
  return origin;
}

std::uint32_t murmur2(std::string_view bytes) {
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(bytes.size());
  const std::size_t whole = bytes.size() / 4 * 4;
  for (std::size_t i = 0; i < whole; i += 4) {
    std::uint32_t word = word_at(bytes, i) * kMultiplier;
    word ^= word >> kShift;
    word *= kMultiplier;
    hash = hash * kMultiplier ^ word;
  }
  const std::size_t rest = bytes.size() - whole;
  if (rest >= 3) hash ^= byte_at(bytes, whole + 2) << 16;
  if (rest >= 2) hash ^= byte_at(bytes, whole + 1) << 8;
  if (rest >= 1) hash = (hash ^ byte_at(bytes, whole)) * kMultiplier;
  hash ^= hash >> 13;
  hash *= kMultiplier;
  return hash ^ hash >> 15;
}

PartitionId partition_of(std::string_view key, std::int32_t partitions) {
  WEIR_CHECK(partitions > 0);
  return PartitionId{static_cast<std::int32_t>(murmur2(key) & 0x7fffffff) % partitions};
}

std::string record_digest(const StreamRecord& record) {
  const std::array<char, 8> offset = little_endian(record.offset.value);
  const std::array<char, 8> append_time = little_endian(record.append_time.value);
  const std::array<std::string_view, 5> fields = {bytes_of(offset), bytes_of(append_time),
                                                  record.content_type, record.key, record.value};
  return sha256_hex(length_prefixed(fields));
}

}  // namespace weir
