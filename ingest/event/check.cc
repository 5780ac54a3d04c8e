#include "ingest/event/check.h"

#include <cstring>

namespace weir {
namespace {

struct Check {
  std::string_view field;
  std::string_view found;
};

Check check_names(const RequestRow& row) {
  struct Name {
    std::string_view field, text;
    std::size_t bytes_max;
  };
  const Name names[] = {
      {"source", row.source, kSourceBytesMax}, {"id", row.id, kIdBytesMax},
      {"tenant", row.tenant, kNameBytesMax},   {"subscription", row.subscription, kNameBytesMax},
      {"api", row.api, kNameBytesMax},         {"route", row.route, kNameBytesMax},
      {"method", row.method, kNameBytesMax},   {"client", row.client, kNameBytesMax},
      {"country", row.country, kNameBytesMax}, {"gateway", row.gateway, kNameBytesMax},
  };
  for (const Name& name : names) {
    if (name.text.empty()) continue;
    std::string_view found = check_identifier(name.text, name.bytes_max);
    if (!found.empty()) return {name.field, found};
  }
  return {};
}

Check check_texts(const RequestRow& row) {
  if (auto found = check_free_text(row.path, kPathBytesMax); !found.empty()) return {"path", found};
  if (auto found = check_free_text(row.user_agent, kUserAgentBytesMax); !found.empty()) {
    return {"user_agent", found};
  }
  if (auto found = check_free_text(row.error, kNameBytesMax); !found.empty()) {
    return {"error", found};
  }
  if (auto found = check_free_text(row.trace_id, kNameBytesMax); !found.empty()) {
    return {"trace_id", found};
  }
  return {};
}

Check check_quantities(const RequestRow& row) {
  if (row.quantities.size() > kQuantitiesMax) return {"quantities", reason::kTooLong};
  for (const RequestRow::Quantity& quantity : row.quantities) {
    if (quantity.name.empty()) return {"quantities", reason::kMissing};
    auto found = check_identifier(quantity.name, kNameBytesMax);
    if (found.empty()) found = check_units(quantity.value);
    if (!found.empty()) return {"quantities", found};
  }
  return {};
}

Check check_numbers(const RequestRow& row) {
  if (auto found = check_units(row.units); !found.empty()) return {"units", found};
  if (auto found = check_status(row.status); !found.empty()) return {"status", found};
  if (!check_measure(row.latency_us).empty()) return {"latency_us", reason::kOutOfRange};
  if (!check_measure(row.upstream_latency_us).empty()) {
    return {"upstream_latency_us", reason::kOutOfRange};
  }
  if (!check_measure(row.request_bytes).empty()) return {"request_bytes", reason::kOutOfRange};
  if (!check_measure(row.response_bytes).empty()) return {"response_bytes", reason::kOutOfRange};
  return {};
}

Check check_required(const RequestRow& row) {
  if (row.source.empty()) return {"source", reason::kMissing};
  if (row.id.empty()) return {"id", reason::kMissing};
  if (!row.subscription.empty() && row.tenant.empty()) return {"tenant", reason::kMissing};
  return {};
}

}  // namespace

// Eight bytes at a time. Subtracting borrows into the next byte only behind a byte that is found
// already, so the answer for the word as a whole is exact.
bool has_control_character(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x8080808080808080;
  std::uint64_t found = 0;
  auto look = [&](std::uint64_t word) {
    std::uint64_t del = word ^ (0x7f * kOnes);
    found |= ((word - 0x20 * kOnes) & ~word) | ((del - kOnes) & ~del);
  };
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t word;
  for (; left >= sizeof(word); at += sizeof(word), left -= sizeof(word)) {
    std::memcpy(&word, at, sizeof(word));
    look(word);
  }
  word = 0x20 * kOnes;  // padding that is no control character
  if (left > 0) std::memcpy(&word, at, left);
  look(word);
  return (found & kHighs) != 0;
}

std::string_view check_identifier(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) return reason::kTooLong;
  return has_control_character(text) ? reason::kControlCharacter : std::string_view{};
}

std::string_view check_free_text(std::string_view text, std::size_t bytes_max) {
  return text.size() > bytes_max ? reason::kTooLong : std::string_view{};
}

std::string_view check_units(std::int64_t units) {
  return units < 0 || units > kUnitsMax ? reason::kOutOfRange : std::string_view{};
}

std::string_view check_measure(std::int64_t value) {
  return value < kAbsent ? reason::kOutOfRange : std::string_view{};
}

std::string_view check_status(std::int64_t status) {
  bool good = status == 0 || (status >= 100 && status <= 999);
  return good ? std::string_view{} : reason::kOutOfRange;
}

std::string_view check_time(EventTime time, EventTime latest) {
  if (time.value < 0) return reason::kOutOfRange;
  return time > latest ? reason::kInFuture : std::string_view{};
}

std::string_view explain(std::string_view why) {
  if (why == reason::kTooLong) return "longer than the field may be";
  if (why == reason::kControlCharacter) return "holds a control character";
  if (why == reason::kInFuture) return "later than the permitted future";
  if (why == reason::kMissing) return "required, and absent or empty";
  if (why == reason::kBadUtf8) return "not valid UTF-8";
  if (why == reason::kTenantMismatch) return "not the tenant of the API key";
  if (why == reason::kOutOfRange) return "outside its range";
  return why;
}

bool refuse(Rejection& rejection, std::string_view reason, std::string_view field,
            std::string_view detail) {
  rejection.reason = reason;
  rejection.field = field;
  rejection.detail.assign(detail);
  return false;
}

bool check_row(const RequestRow& row, EventTime latest, Rejection& rejection) {
  for (Check (*check)(const RequestRow&) :
       {check_required, check_names, check_texts, check_quantities, check_numbers}) {
    Check found = check(row);
    if (!found.found.empty()) {
      return refuse(rejection, found.found, found.field, explain(found.found));
    }
  }
  std::string_view late = check_time(row.time, latest);
  return late.empty() || refuse(rejection, late, "time", explain(late));
}

}  // namespace weir
