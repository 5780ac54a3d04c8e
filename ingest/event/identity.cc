#include "ingest/event/identity.h"

#define XXH_INLINE_ALL
#include "base/digest.h"

#include <algorithm>
#include <cstring>
#include <xxhash.h>

namespace weir {
namespace {

constexpr std::size_t kSecretBytesMin = 16;
constexpr std::size_t kStackBytes = 512;
static_assert(XXH3_SECRET_SIZE_MIN <= 192);

// SHA-256 over (purpose, counter, secret): one way, so that neither the hashing secret nor the
// fingerprint tells the operator's secret or each other.
Sha256 derive(std::string_view purpose, unsigned char counter, std::string_view secret) {
  std::string bytes(purpose);
  bytes.push_back('\0');
  bytes.push_back(static_cast<char>(counter));
  bytes.append(secret);
  return sha256(bytes);
}

// A field and its length, so that no two triples give the same bytes.
void put_length(unsigned char* to, std::size_t length) {
  for (int byte = 0; byte < 4; ++byte) to[byte] = static_cast<unsigned char>(length >> (8 * byte));
}

Identity from_xxh(XXH128_hash_t hash) { return {.high = hash.high64, .low = hash.low64}; }

}  // namespace

Result<IdentityKey> IdentityKey::from_secret(std::string_view secret) {
  if (secret.size() < kSecretBytesMin) {
    return Error{ErrorCode::config, "identity.secret is shorter than 16 bytes",
                 "set it to a long random text, the same for every process of the deployment"};
  }
  IdentityKey key;
  for (std::size_t part = 0; part * 32 < key.secret_.size(); ++part) {
    Sha256 block = derive("weir identity", static_cast<unsigned char>(part), secret);
    std::copy(block.begin(), block.end(), key.secret_.begin() + static_cast<long>(part * 32));
  }
  Sha256 print = derive("weir identity fingerprint", 0, secret);
  for (int byte = 0; byte < 8; ++byte) {
    key.fingerprint_ |= std::uint64_t{print[static_cast<std::size_t>(byte)]} << (8 * byte);
  }
  return key;
}

Identity IdentityKey::identify(std::string_view tenant, std::string_view source,
                               std::string_view id) const {
  unsigned char bytes[kStackBytes];
  put_length(bytes, tenant.size());
  put_length(bytes + 4, source.size());
  put_length(bytes + 8, id.size());
  std::size_t size = 12;
  if (size + tenant.size() + source.size() + id.size() <= sizeof(bytes)) {
    for (std::string_view field : {tenant, source, id}) {
      if (!field.empty()) std::memcpy(bytes + size, field.data(), field.size());
      size += field.size();
    }
    return from_xxh(XXH3_128bits_withSecret(bytes, size, secret_.data(), secret_.size()));
  }
  // Over the limits of an event, yet still one answer: the same bytes, fed piece by piece.
  XXH3_state_t state;
  XXH3_128bits_reset_withSecret(&state, secret_.data(), secret_.size());
  XXH3_128bits_update(&state, bytes, size);
  for (std::string_view field : {tenant, source, id}) {
    XXH3_128bits_update(&state, field.data(), field.size());
  }
  return from_xxh(XXH3_128bits_digest(&state));
}

}  // namespace weir
