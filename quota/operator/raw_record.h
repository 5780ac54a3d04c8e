// A stored record for people: JSON as it is, packed ones decoded, everything else as a hex dump.
#pragma once

#include "ingest/event/identity.h"

#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// At most about `bytes_max` of the record, and a line that says so when it is longer. Without a key a
/// packed record stays bytes.
std::string show_record(std::string_view content_type, std::string_view raw,
                        const std::optional<IdentityKey>& key, std::size_t bytes_max);

/// "00000010  7b 22 69 64 ...  |{"id...|": sixteen bytes a line.
std::string hex_dump(std::string_view bytes);

}  // namespace weir
