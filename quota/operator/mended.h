// The events that a redrive sends (R7): of the record as it stands, or of what the operator mended.
//
// Each comes out as one JSON event that decodes, with the partition to which its subscription hashes
// (its id, where it bears none: as the collector does). Errors `invalid`: name the event and the field,
// and what to mend.
#pragma once

#include "base/result.h"
#include "ingest/event/identity.h"
#include "quota/operator/operator_store.h"

#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// One edit of a top-level member: "tenant=acme" is a string, "units:=3" is JSON.
struct Edit {
  std::string member;
  std::string json;
};
Result<Edit> read_edit(std::string_view text);

/// The events of JSON text: one, an array, or one a line. Each as its own JSON text.
Result<std::vector<std::string>> split_events(std::string_view json);
/// The events of a stored record, as JSON; `row` -1: all. What cannot be read at all is an error.
Result<std::vector<std::string>> events_of_record(std::string_view content_type,
                                                  std::string_view raw, std::int64_t row,
                                                  const IdentityKey& key);

Result<std::vector<NewRedrive>> children_of(const std::vector<std::string>& events,
                                            const std::vector<Edit>& edits, std::int32_t partitions,
                                            const IdentityKey& key);

}  // namespace weir
