// Rows → JSON, as the Event JSON of the reference: what is absent is left out, times are RFC 3339.
//
// Internal to this folder. Each call appends one object.
#pragma once

#include "ingest/event/request_batch.h"

#include <string>
#include <string_view>

namespace weir::json {

/// `text` as a JSON string. It is valid UTF-8 in a batch; bytes that are not become U+FFFD.
void append_quoted(std::string_view text, std::string& out);
void append_event(const RequestRow& row, std::string& out);
void append_cloud_event(const RequestRow& row, std::string& out);

}  // namespace weir::json
