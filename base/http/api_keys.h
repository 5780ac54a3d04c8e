// API keys: the tenant of a request comes from its key and from nothing else.
//
// A key is "weir_" + 40 hex digits, shown once when made. The keys file holds only SHA-256 of it:
//
//   [[key]]
//   name = "gateway eu-1"
//   tenant = "acme"
//   sha256 = "9f86..."
#pragma once

#include "base/result.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir {

class ApiKeys {
 public:
  ApiKeys() = default;
  /// All faults of the file at once, in one `config` error. An absent file is an error too.
  static Result<ApiKeys> read(const std::string& path);
  /// The tenant that this key belongs to.
  std::optional<std::string> tenant_of(std::string_view key) const;
  bool empty() const { return tenant_by_sha256_.empty(); }

  struct NewKey {
    std::string key;    // to be shown once
    std::string entry;  // the TOML block to append to the keys file
  };
  static NewKey make(const std::string& tenant, const std::string& name);

 private:
  std::unordered_map<std::string, std::string> tenant_by_sha256_;
};

}  // namespace weir
