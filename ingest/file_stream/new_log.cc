#include "ingest/file_stream/new_log.h"

#include "ingest/spool/file_log.h"

namespace weir {
namespace {

constexpr std::int32_t kPartitionsMax = 1024;  // each costs a file, and an fsync a group

Result<NewLog> as_it_is(const LogIdentity& there, const std::string& folder,
                        std::int32_t partitions) {
  if (there.partitions == partitions) return NewLog{there, false};
  return Error{ErrorCode::conflict,
               folder + " is a log of " + std::to_string(there.partitions) + " partitions, not " +
                   std::to_string(partitions),
               "a log keeps its number for life: to grow, make another log and move to it"};
}

}  // namespace

Result<NewLog> make_file_log(LogDisk& disk, const std::string& folder, std::int32_t partitions) {
  if (partitions < 1 || partitions > kPartitionsMax) {
    return Error{ErrorCode::invalid,
                 "a log cannot have " + std::to_string(partitions) + " partitions",
                 "give it 1 to " + std::to_string(kPartitionsMax)};
  }
  const Result<LogIdentity> there = identify_log(disk, folder);
  if (there) return as_it_is(*there, folder, partitions);
  if (there.error().code != ErrorCode::not_found) return there.error();
  FileLogOptions options;
  options.folder = folder;
  options.partitions = partitions;
  const auto made = FileLog::open(disk, options, system_clock());
  if (made) return NewLog{{(*made)->id(), (*made)->partitions()}, true};
  // `config`: somebody was quicker, and made one with another number.
  const Result<LogIdentity> now = identify_log(disk, folder);
  return now ? as_it_is(*now, folder, partitions) : Result<NewLog>(made.error());
}

}  // namespace weir
