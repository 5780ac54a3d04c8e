// SealedWriter: writes one sealed generation, entries in ascending order of identity.
//
//   SealedWriter writer(folder, head, entries_max);
//   for (...) WEIR_TRY(writer.add(entry));
//   Result<Generation> generation = writer.finish();
//
// Everything goes to a temporary name; finish() gives the file its own name, durably. A writer that
// goes away before takes its temporary file along; one that a crash left is removed at the next
// open of the index. Errors: as base/volume/durable_file.h. Threads: one.
#pragma once

#include "base/result.h"
#include "ingest/identity/generation.h"
#include "ingest/identity/key_filter.h"
#include "ingest/identity/sealed_format.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// What a file says of itself, beside its entries.
struct SealedHead {
  std::int32_t incarnation = 1;
  std::int32_t partition = 0;
  std::int64_t from = 0;
  std::int64_t to = 0;
  AppendTime append_min;
  AppendTime append_max;
  std::optional<AppendTime> append_before;  // of any record below `from`
  std::uint32_t row_max = 0;
  std::string volume_id;
};

class SealedWriter {
 public:
  SealedWriter(std::string folder, const SealedHead& head, std::uint64_t entries_max);
  SealedWriter(const SealedWriter&) = delete;
  SealedWriter& operator=(const SealedWriter&) = delete;
  ~SealedWriter();

  Status add(const IdentityEntry& entry);
  Result<Generation> finish();

 private:
  Status create();
  Status end_block();
  Status flush();
  Status write_header();
  Error failed(const char* doing) const;

  std::string folder_;
  std::string volume_id_;
  std::string temporary_;
  SealedHeader header_;
  KeyFilter filter_;
  std::vector<std::uint8_t> buffer_;
  std::size_t block_begin_ = 0;  // in the buffer
  std::optional<Identity> last_;
  int fd_ = -1;
};

}  // namespace weir
