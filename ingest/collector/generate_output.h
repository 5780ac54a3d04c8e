// Where generated events go: a stream, or lines of a file.
//
// Threads: one. Errors of a stream as RecordSink::append; of a file `full`, `denied` or
// `unavailable`.
#pragma once

#include "base/result.h"
#include "ingest/collector/generate.h"
#include "ingest/event/request_batch.h"
#include "ingest/stream/sink.h"

#include <memory>
#include <span>
#include <string>

namespace weir {

class GenerateOutput {
 public:
  virtual ~GenerateOutput() = default;
  /// After an error the same call may be made again: rows that were written already are then there
  /// twice, and their identity drops the copy.
  virtual Status write_rows(const RequestBatch& batch) = 0;
  /// Poison has no identity that would drop a copy: not to be made again after `in_doubt`.
  virtual Status write_poison(std::span<const std::string> poison) = 0;
  virtual Status finish() = 0;
};

std::unique_ptr<GenerateOutput> stream_output(RecordSink& sink, const IdentityKey& key,
                                              GenerateFormat format);
/// "-" is standard output. The file is made anew.
Result<std::unique_ptr<GenerateOutput>> file_output(const std::string& path,
                                                    const IdentityKey& key);

}  // namespace weir
