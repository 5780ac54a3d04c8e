// What the readers of both line formats fill in, and the reader of each.
//
// Internal to this folder. A reader takes a line apart and leaves views, into the line or into texts of
// the LineFields; LineDecoder makes the row of them.
#pragma once

#include "ingest/event/limits.h"
#include "ingest/event/request_batch.h"

#include <string>
#include <string_view>

namespace weir {

struct LineFields {
  RequestRow row;  // all but identity, subscription and route
  bool has_time = false;
  std::string_view subscription;  // as the line has it, before the map
  std::string_view client;        // the whole address

  // Memory for texts that are not in the line as they stand.
  std::string path, user_agent, user, scratch;

  void reset() {
    row = RequestRow{};
    has_time = false;
    subscription = client = {};
  }
};

/// `subscription_from`: see LineOptions.
bool read_combined(std::string_view line, std::string_view subscription_from, LineFields& fields,
                   Rejection& why);

}  // namespace weir
