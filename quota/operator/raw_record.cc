#include "quota/operator/raw_record.h"

#include "quota/operator/mended.h"

#include <algorithm>
#include <cstdio>

namespace weir {
namespace {

bool readable(std::string_view raw) {
  return std::ranges::all_of(raw, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 ? byte != 0x7f : c == '\n' || c == '\t' || c == '\r';
  });
}

std::string cut_note(std::size_t shown, std::size_t all) {
  if (shown >= all) return "";
  return "... " + std::to_string(all - shown) + " bytes more: --all shows them\n";
}

std::string decoded(std::string_view content_type, std::string_view raw, const IdentityKey& key,
                    std::size_t bytes_max) {
  const auto events = events_of_record(content_type, raw, -1, key);
  if (!events) return "";
  std::string text;
  std::size_t shown = 0;
  for (; shown < events->size() && text.size() < bytes_max; ++shown) {
    text += (*events)[shown] + "\n";
  }
  if (shown < events->size()) {
    text += "... " + std::to_string(events->size() - shown) + " events more: --all shows them\n";
  }
  return text;
}

}  // namespace

std::string hex_dump(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    char cell[24];
    std::snprintf(cell, sizeof cell, "%08zx ", at);
    std::string line = cell, printed;
    for (std::size_t i = at; i < at + 16; ++i) {
      if (i >= bytes.size()) {
        line += "   ";
        continue;
      }
      const auto byte = static_cast<unsigned char>(bytes[i]);
      std::snprintf(cell, sizeof cell, " %02x", byte);
      line += cell;
      printed += byte >= 0x20 && byte < 0x7f ? bytes[i] : '.';
    }
    text += line + "  |" + printed + "|\n";
  }
  return text;
}

std::string show_record(std::string_view content_type, std::string_view raw,
                        const std::optional<IdentityKey>& key, std::size_t bytes_max) {
  if (readable(raw)) {
    std::string text(raw.substr(0, bytes_max));
    if (!text.empty() && text.back() != '\n') text += "\n";
    return text + cut_note(bytes_max, raw.size());
  }
  if (key) {
    const std::string events = decoded(content_type, raw, *key, bytes_max);
    if (!events.empty()) return events;
  }
  return hex_dump(raw.substr(0, bytes_max)) + cut_note(bytes_max, raw.size());
}

}  // namespace weir
