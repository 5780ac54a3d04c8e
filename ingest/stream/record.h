// What a stream is made of: partitions of records, each with an address and an append time.
#pragma once

#include "base/named.h"
#include "base/time.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

using PartitionId = Named<struct PartitionTag, std::int32_t>;
using Offset = Named<struct OffsetTag, std::int64_t>;
/// One life of a stream under its name (R1); the first is 1.
using Incarnation = Named<struct IncarnationTag, std::int32_t>;

/// Where an event stands in the stream, within its partition (R1). Addresses of older incarnations
/// are smaller than all of newer ones.
struct Address {
  Incarnation incarnation;
  Offset offset;
  std::uint32_t row = 0;
  auto operator<=>(const Address&) const = default;
};

/// Which of a producer's records this is (R13), as the record's headers say. Numbers count from 1
/// without holes for each (producer, epoch, partition); 0: the producer makes no promise.
struct Origin {
  std::string_view producer;
  std::int64_t epoch = 0;
  std::int64_t number = 0;
  /// Of a redriven event (R7): the child of a quarantine row that it is. 0: it is none.
  std::int64_t redrive = 0;
  /// The headers cannot be read: the record is quarantined whole.
  bool malformed = false;

  bool numbered() const { return number > 0; }
};
/// The two headers of a record; a header whose text is empty is left out.
inline constexpr const char* kOriginHeader = "weir-origin";    // "gw-1.5f3a 1 4711"
inline constexpr const char* kRedriveHeader = "weir-redrive";  // "17"
std::string write_origin(const Origin& origin);   // of kOriginHeader; "" when not numbered
std::string write_redrive(const Origin& origin);  // of kRedriveHeader; "" when it is none
/// Views into `origin_text`. Empty texts: not numbered, no redrive.
Origin read_origin(std::string_view origin_text, std::string_view redrive_text);
/// 1 to 64 of a-z A-Z 0-9 . _ -
bool is_producer_id(std::string_view id);

/// A record as a source delivers it. The views live until the next call of poll().
struct StreamRecord {
  PartitionId partition;
  Offset offset;
  AppendTime append_time;
  std::string_view content_type;  // "" when the record has no such header
  std::string_view key;
  std::string_view value;
  Origin origin = {};  // no part of the record's digest
};

/// A record that was applied, by its digest: proof, at the next assignment, that the log is still
/// the one that was read (R1).
struct Anchor {
  Offset offset;
  std::string digest;  // hex SHA-256 of record_digest()
  AppendTime append_time;
};
/// SHA-256 over offset, append time, content type, key and value, length-prefixed, as hex.
std::string record_digest(const StreamRecord& record);

/// The Java client's murmur2 (seed 0x9747b28c) and the partition it gives: (hash & 0x7fffffff) % n.
std::uint32_t murmur2(std::string_view bytes);
PartitionId partition_of(std::string_view key, std::int32_t partitions);

}  // namespace weir
