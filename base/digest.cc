#include "base/digest.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <unistd.h>
#include <vector>

namespace weir {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

int value_of_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  Sha256 digest{};
  unsigned int length = 0;
  const int ok =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  WEIR_CHECK(ok == 1 && length == digest.size());
  return digest;
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) {
    out.push_back(kHexDigits[byte >> 4]);
    out.push_back(kHexDigits[byte & 15]);
  }
  return out;
}

Result<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) {
    return Error{ErrorCode::invalid, "hex text has an odd number of digits", ""};
  }
  std::string out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = value_of_hex_digit(hex[i]);
    const int low = value_of_hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) {
      return Error{ErrorCode::invalid,
                   "hex text has something that is no digit at " + std::to_string(i), ""};
    }
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

Result<std::string> sha256_hex_of_file(int fd) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  WEIR_CHECK(context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
  std::vector<char> buffer(1u << 20);
  for (off_t at = 0;;) {
    const ssize_t got = pread(fd, buffer.data(), buffer.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return Error{ErrorCode::unavailable, std::string("reading a file: ") + std::strerror(errno),
                   "check the disk that holds it"};
    }
    if (got == 0) break;
    WEIR_CHECK(EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(got)) == 1);
    at += got;
  }
  Sha256 digest{};
  WEIR_CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  return to_hex(digest);
}

bool equal_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  const int ok =
      RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(raw.size()));
  WEIR_CHECK(ok == 1);  // a machine without randomness must not hand out guessable keys
  return to_hex({reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()});
}

std::string length_prefixed(std::span<const std::string_view> fields) {
  std::string out;
  for (std::string_view field : fields) {
    out += std::to_string(field.size());
    out += ':';
    out += field;
  }
  return out;
}

}  // namespace weir
