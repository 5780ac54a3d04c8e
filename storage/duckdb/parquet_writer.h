// Columns in memory → one Parquet file, without a table and without a copy of the strings.
//
// DuckDB reads the columns through a table function, 2,048 rows at a time; dictionary codes go
// straight into ENUM vectors (as u8, u16 or u32), which Parquet stores as a dictionary page and
// bit-packed codes. Measured, that is 3.4 times as fast as plain strings.
//
//   std::vector<ParquetColumn> columns = {
//       {"time_us", Int64s{times}}, {"api", Codes{codes, texts}}, {"id", Texts{bytes, ends}}};
//   write_parquet(connection, "/v/segments/x.tmp", columns, rows, {}, deadline);
//
// `rows` picks the rows that are written, in that order; every column has at least that many. The
// file is neither synced nor renamed here: publish_file does that. Errors as in duck.h.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "storage/duckdb/duck.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace weir {

/// `texts[code]`; texts are distinct and hold no NUL.
struct Codes {
  std::span<const std::uint32_t> codes;
  std::span<const std::string_view> texts;
};
/// Row i is bytes[ends[i-1], ends[i]).
struct Texts {
  std::span<const char> bytes;
  std::span<const std::uint32_t> ends;
};
struct Int64s {
  std::span<const std::int64_t> values;
  std::optional<std::int64_t> null{};  // this value is written as NULL
};
struct Int32s {
  std::span<const std::int32_t> values;
};
struct UInt16s {
  std::span<const std::uint16_t> values;
  std::optional<std::uint16_t> null{};
};
/// DECIMAL(38, 0).
struct Int128s {
  std::span<const Int128> values;
};
struct Bools {
  std::span<const std::uint8_t> values;
};
/// MAP(VARCHAR, BIGINT): row i has the entries [ends[i-1], ends[i]).
struct Maps {
  std::span<const std::uint32_t> ends;
  std::span<const std::uint32_t> key_codes;
  std::span<const std::string_view> key_texts;
  std::span<const std::int64_t> values;
};

struct ParquetColumn {
  std::string name;
  std::variant<Codes, Texts, Int64s, Int32s, UInt16s, Int128s, Bools, Maps> source;
};

/// Rows of a row group: what a scan skips or reads as a whole.
inline constexpr int kRowGroupRows = 122'880;

/// "(FORMAT parquet, COMPRESSION zstd, …)": how every Parquet file of Weir is written.
std::string parquet_options();

Status write_parquet(DuckConnection& connection, const std::string& path,
                     std::span<const ParquetColumn> columns, std::span<const std::uint32_t> rows,
                     Deadline deadline);

}  // namespace weir
