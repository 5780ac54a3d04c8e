#include "ingest/codec/packed_envelope.h"

#include "ingest/codec/packed.pb.h"
#include "ingest/event/limits.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <limits>

namespace weir {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using Message = packed::Envelope;

class EnvelopeReader {
 public:
  EnvelopeReader(std::string_view record, PackedEnvelope& into)
      : record_(record),
        stream_(reinterpret_cast<const std::uint8_t*>(record.data()),
                static_cast<int>(record.size())),
        into_(into) {}

  std::string_view read() {
    while (static_cast<std::size_t>(stream_.CurrentPosition()) < record_.size()) {
      std::uint32_t tag = stream_.ReadTag();
      if (tag == 0) return reason::kMalformed;
      if (!field(tag)) return fault_;
    }
    return {};
  }

 private:
  bool field(std::uint32_t tag) {
    int number = WireFormatLite::GetTagFieldNumber(tag);
    switch (WireFormatLite::GetTagWireType(tag)) {
      case WireFormatLite::WIRETYPE_VARINT:
        return varint(number);
      case WireFormatLite::WIRETYPE_FIXED64:
        return fixed64(number);
      case WireFormatLite::WIRETYPE_LENGTH_DELIMITED:
        return bytes(number);
      case WireFormatLite::WIRETYPE_FIXED32: {
        std::uint32_t passed_over;
        return stream_.ReadLittleEndian32(&passed_over) || fail(reason::kTruncated);
      }
      default:
        return fail(reason::kMalformed);
    }
  }

  bool varint(int number) {
    std::uint64_t value = 0;
    if (!stream_.ReadVarint64(&value)) return fail(reason::kTruncated);
    switch (number) {
      case Message::kSchemaVersionFieldNumber:
        return narrow(value, into_.schema_version);
      case Message::kRowsFieldNumber:
        return narrow(value, into_.rows);
      case Message::kUsageBytesFieldNumber:
        return narrow(value, into_.usage_bytes);
      case Message::kDetailBytesFieldNumber:
        return narrow(value, into_.detail_bytes);
      case Message::kTimeMinUsFieldNumber:
        into_.time_min_us = WireFormatLite::ZigZagDecode64(value);
        return true;
      case Message::kTimeMaxUsFieldNumber:
        into_.time_max_us = WireFormatLite::ZigZagDecode64(value);
        return true;
      default:
        return true;
    }
  }

  bool fixed64(int number) {
    std::uint64_t value = 0;
    if (!stream_.ReadLittleEndian64(&value)) return fail(reason::kTruncated);
    if (number == Message::kIdentityKeyFieldNumber) into_.identity_key = value;
    return true;
  }

  bool bytes(int number) {
    std::uint32_t length = 0;
    if (!stream_.ReadVarint32(&length)) return fail(reason::kTruncated);
    std::size_t begin = static_cast<std::size_t>(stream_.CurrentPosition());
    if (length > record_.size() - begin) return fail(reason::kTruncated);
    std::string_view text = record_.substr(begin, length);
    if (number == Message::kUsageFieldNumber) into_.usage = text;
    if (number == Message::kDetailFieldNumber) into_.detail = text;
    return stream_.Skip(static_cast<int>(length)) || fail(reason::kTruncated);
  }

  bool narrow(std::uint64_t value, std::uint32_t& to) {
    if (value > std::numeric_limits<std::uint32_t>::max()) return fail(reason::kOutOfRange);
    to = static_cast<std::uint32_t>(value);
    return true;
  }

  bool fail(std::string_view why) {
    fault_ = why;
    return false;
  }

  std::string_view record_;
  CodedInputStream stream_;
  PackedEnvelope& into_;
  std::string_view fault_;
};

}  // namespace

std::string_view read_envelope(std::string_view record, PackedEnvelope& envelope) {
  envelope = PackedEnvelope{};
  if (record.empty()) return reason::kMalformed;
  if (record.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return reason::kRecordTooLarge;
  }
  return EnvelopeReader(record, envelope).read();
}

}  // namespace weir
