// The bytes of an append to a log that another process keeps (append_format.md), written and read here
// and nowhere else. Values in, values out.
//
// A request names the log that it is meant for, and when it is too late for it. Its answer names the
// places of the records, or the error, as they would be had the caller kept the log itself.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/spool/file_log.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Of one request. A single record of the longest kind fits well.
inline constexpr std::size_t kAppendBytesMax = 16u << 20;
inline constexpr std::size_t kLogIdDigits = 32;
inline constexpr const char* kAppendType = "application/x-weir-append";

struct AppendRequest {
  std::string_view log_id;  // 32 hex digits
  /// On the steady clock of the machine: nothing is begun from then on.
  std::int64_t expires_us = 0;
  std::vector<LogRecord> records;
};

/// What begins a request, and what one record adds.
inline constexpr std::size_t kAppendHeadBytes = 8 + kLogIdDigits + 8 + 4 + 4;
std::size_t append_record_bytes(const LogRecord& record);

/// At most kAppendBytesMax: the caller has counted.
std::string write_append(std::string_view log_id, std::int64_t expires_us,
                         std::span<const LogRecord> records);
/// The views are into `bytes`. Error `invalid` says what is wrong.
Result<AppendRequest> read_append(std::string_view bytes);

std::string write_places(std::span<const Appended> places);
std::string write_refusal(const Error& error);
/// The places of `records` records, or the error that the other side wrote. What cannot be read leaves
/// it `in_doubt` what became of them.
Result<std::vector<Appended>> read_answer(std::string_view bytes, std::size_t records);

/// Now, on the clock of `expires_us`: one for all processes of the machine.
std::int64_t steady_us();

}  // namespace weir
