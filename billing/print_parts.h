// What several printers share: reasons, ages, overrides, assumptions.
#pragma once

#include "base/json_writer.h"
#include "billing/standing.h"

#include <string>
#include <vector>

namespace weir {

/// "12 min 3 s", "just now"; "" when the moment is not known.
std::string age_of(std::int64_t since_us, std::int64_t now_us);
std::string reasons_text(const std::vector<Reason>& reasons, std::int64_t now_us);

void write_reasons(JsonWriter& json, const std::vector<Reason>& reasons, std::int64_t now_us);
void write_overrides(JsonWriter& json, const std::vector<Override>& overrides);
void write_assumptions(JsonWriter& json, const Standing& standing);

}  // namespace weir
