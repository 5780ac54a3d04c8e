// Params and CopyRows: values in the form that libpq sends. Scalars as text, bytes, arrays and COPY's
// rows as the server's binary form, which needs no quoting.
//
//   array (binary): i32 dimensions, i32 has null, u32 element type, then for the one dimension
//                   i32 length, i32 lower bound; then each element: i32 bytes, bytes
//   COPY (binary):  "PGCOPY\n\377\r\n\0", i32 flags, i32 extension; then each row: i16 columns, each one
//                   i32 bytes, bytes; at the end i16 -1, which copy_in adds
#include "storage/postgres/connection.h"

#include <charconv>
#include <cstring>

namespace weir {
namespace {

constexpr std::uint32_t kByteaOid = 17;
constexpr std::uint32_t kInt8Oid = 20;
constexpr std::uint32_t kTextOid = 25;

void put_32(std::string& out, std::uint32_t value) {
  const char bytes[4] = {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                         static_cast<char>(value >> 8), static_cast<char>(value)};
  out.append(bytes, 4);
}

void put_64(std::string& out, std::int64_t value) {
  put_32(out, static_cast<std::uint32_t>(static_cast<std::uint64_t>(value) >> 32));
  put_32(out, static_cast<std::uint32_t>(value));
}

std::string array_header(std::size_t count, std::uint32_t element_type) {
  std::string out;
  put_32(out, count == 0 ? 0 : 1);
  put_32(out, 0);
  put_32(out, element_type);
  if (count == 0) return out;
  put_32(out, static_cast<std::uint32_t>(count));
  put_32(out, 1);
  return out;
}

std::string array_of(std::span<const std::string_view> values, std::uint32_t element_type) {
  std::string out = array_header(values.size(), element_type);
  for (std::string_view value : values) {
    put_32(out, static_cast<std::uint32_t>(value.size()));
    out.append(value);
  }
  return out;
}

}  // namespace

Params& Params::text(std::string_view value) {
  values_.push_back({std::string(value), false, false});
  return *this;
}

Params& Params::integer(std::int64_t value) {
  char digits[24];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  WEIR_CHECK(error == std::errc{});
  values_.push_back({std::string(digits, end), false, false});
  return *this;
}

Params& Params::boolean(bool value) {
  values_.push_back({value ? "t" : "f", false, false});
  return *this;
}

Params& Params::bytes(std::string_view value) {
  values_.push_back({std::string(value), false, true});
  return *this;
}

Params& Params::null() {
  values_.push_back({"", true, false});
  return *this;
}

Params& Params::texts(std::span<const std::string_view> values) {
  values_.push_back({array_of(values, kTextOid), false, true});
  return *this;
}

Params& Params::bytes_array(std::span<const std::string_view> values) {
  values_.push_back({array_of(values, kByteaOid), false, true});
  return *this;
}

Params& Params::integers(std::span<const std::int64_t> values) {
  std::string out = array_header(values.size(), kInt8Oid);
  out.reserve(out.size() + values.size() * 12);
  for (std::int64_t value : values) {
    put_32(out, 8);
    put_64(out, value);
  }
  values_.push_back({std::move(out), false, true});
  return *this;
}

CopyRows::CopyRows() : bytes_("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19) {}

CopyRows& CopyRows::row(std::int16_t columns) {
  const auto count = static_cast<std::uint16_t>(columns);
  bytes_.push_back(static_cast<char>(count >> 8));
  bytes_.push_back(static_cast<char>(count));
  empty_ = false;
  return *this;
}

CopyRows& CopyRows::text(std::string_view value) {
  put_32(bytes_, static_cast<std::uint32_t>(value.size()));
  bytes_.append(value);
  return *this;
}

CopyRows& CopyRows::integer(std::int64_t value) {
  put_32(bytes_, 8);
  put_64(bytes_, value);
  return *this;
}

}  // namespace weir
