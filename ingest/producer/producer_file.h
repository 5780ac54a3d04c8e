// What a producer must not forget, in two small files of its folder. Private to this folder.
//
// `producer` says who it is; it is replaced whenever a fact of it changes, before anything relies on
// the fact:
//
//   weir-producer 1
//   id gw-1-5f3a0c2b
//   accepted_when spool
//   epoch 1 weir.requests 2 0f…c4 registered 480 17     drained: its last numbers stand behind it
//   epoch 2 weir.requests-2 4 9a…01 registered          the present one
//   end begun
//   sum 5c1e0b…                                         SHA-256 of what is above
//
// `cursor` says what is forwarded ("epoch 2", "next 3 0 7 1", sum). It may lag behind, never lead.
#pragma once

#include "base/result.h"
#include "ingest/codec/seal.h"
#include "ingest/producer/producer.h"
#include "ingest/spool/log_disk.h"
#include "ingest/stream/record.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct EpochFact {
  std::int64_t epoch = 1;
  std::string topic;
  std::int32_t partitions = 0;
  std::string log_id;  // the spool's
  bool registered = false;
  std::vector<std::int64_t> last;  // of a drained epoch, by partition; else empty

  /// It never numbers another record, whatever topic the next start asks for.
  bool over() const { return !last.empty(); }
};

struct ProducerFile {
  enum class End { none, begun, done };
  std::string id;
  AcceptedWhen accepted_when = AcceptedWhen::spool;
  std::vector<EpochFact> epochs;  // ascending; the last one is the present one
  End end = End::none;

  EpochFact& present() { return epochs.back(); }
  const EpochFact& present() const { return epochs.back(); }
};

/// nullopt: there is none. Error `integrity` for a damaged one.
Result<std::optional<ProducerFile>> read_producer_file(LogDisk& disk, const std::string& folder);
Status write_producer_file(LogDisk& disk, const std::string& folder, const ProducerFile& file);

/// By partition; nullopt when there is none, a damaged one, or one of another epoch: a cursor that
/// is not there only means sending again.
Result<std::optional<std::vector<Offset>>> read_cursor(LogDisk& disk, const std::string& folder,
                                                       std::int64_t epoch);
Status write_cursor(LogDisk& disk, const std::string& folder, std::int64_t epoch,
                    const std::vector<Offset>& next);

std::string epoch_folder(const std::string& folder, std::int64_t epoch);
/// Removes the files of a folder and of those in it; a folder that is not there is success.
Status remove_files(LogDisk& disk, const std::string& folder);

}  // namespace weir
