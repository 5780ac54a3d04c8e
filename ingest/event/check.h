// The limits of limits.h, applied: one event, before it becomes a row.
//
// Every decoder asks the same question of the same fields, so that an event is refused for the same
// reason whichever way it came. What is checked here is everything but the encoding: texts are
// valid UTF-8 already (each decoder sees to that where the bytes come in).
//
//   required         source, id, time; tenant where there is a subscription
//   identifiers      no control characters (U+0000 to U+001F, U+007F) in what is grouped or stored
//   by:
//                    tenant, source, id, subscription, api, route, method, client, country,
//                    gateway, names of quantities
//   free text        path, user_agent, error and trace_id may hold any character, up to their
//   length numbers          0 <= units, quantities <= 2^53; status 0 (absent) or 100 to 999;
//                    latencies and sizes absent or >= 0
//   time             0 <= time <= latest
#pragma once

#include "ingest/event/limits.h"
#include "ingest/event/request_batch.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

/// What is wrong with one value: a reason of limits.h, or empty.
std::string_view check_identifier(std::string_view text, std::size_t bytes_max);
std::string_view check_free_text(std::string_view text, std::size_t bytes_max);
std::string_view check_units(std::int64_t units);
/// kAbsent is fine.
std::string_view check_measure(std::int64_t value);
std::string_view check_status(std::int64_t status);
std::string_view check_time(EventTime time, EventTime latest);

bool has_control_character(std::string_view text);

/// False, with reason, field and detail filled in, for an event that must not become a row.
/// `row.time` is looked at as it stands: whether it was there at all is the caller's to know.
bool check_row(const RequestRow& row, EventTime latest, Rejection& rejection);

/// A reason in words, for `detail`.
std::string_view explain(std::string_view reason);

/// Fills in a rejection and returns false, so that a check can end in it.
bool refuse(Rejection& rejection, std::string_view reason, std::string_view field,
            std::string_view detail);

}  // namespace weir
