// Overrides: a person's word, with name and reason, in the place of a proof.
//
// An override takes away the reason that bears its code, for closes up to `until_us`, and stands on
// the certificate of every close that it served. Codes of `kOfProducer` are for one named producer and
// one T that is due; those of `kOfConfiguration` are for an assumption that the live configuration
// breaks, until a time or until revoked. Nothing else can be overridden: what is behind, lost, in
// quarantine or of another lineage has its own way out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// In production each assumption that the configuration breaks is a reason that holds.
enum class Profile { development, production };

struct Override {
  std::int64_t id = 0;
  std::string code;
  std::string producer;       // of the codes of kOfProducer; else empty
  std::int64_t until_us = 0;  // closes at T <= until_us; INT64_MAX: until it is revoked
  std::string by;
  std::string reason;
  std::int64_t made_at_us = 0;
  bool operator==(const Override&) const = default;
};

namespace overridable {
constexpr std::array<std::string_view, 2> kOfProducer = {"unsealed", "numbers_missing"};
constexpr std::array<std::string_view, 6> kOfConfiguration = {
    "replication",    "min_insync_replicas", "retention",
    "cleanup_policy", "timestamp_type",      "unclean_election"};
}  // namespace overridable

}  // namespace weir
