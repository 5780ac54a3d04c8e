#include "base/http/api_keys.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/settings.h"
#include "base/toml.h"

#include <algorithm>
#include <fmt/format.h>

namespace weir {
namespace {

constexpr std::size_t kTenantBytesMax = 128;

struct Entry {
  std::string name;
  std::string tenant;
  std::string sha256;
};

/// Reads one [[key]] table, noting every fault in it.
class EntryReader {
 public:
  EntryReader(const std::string& file, std::vector<Fault>& faults) : file_(file), faults_(faults) {}

  Entry read(const toml::table& table) {
    static const std::vector<std::string> known = {"name", "tenant", "sha256"};
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      fault(node, name, "is not known in a [[key]]" + nearest_hint(name, known));
    }
    Entry entry{text(table, "name"), text(table, "tenant"), text(table, "sha256")};
    if (entry.tenant.size() > kTenantBytesMax) {
      fault(table, "tenant", "is longer than 128 bytes");
    }
    if (!entry.sha256.empty() && (entry.sha256.size() != 64 || !from_hex(entry.sha256))) {
      fault(table, "sha256", "is not 64 hexadecimal digits");
    }
    std::transform(entry.sha256.begin(), entry.sha256.end(), entry.sha256.begin(),
                   [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
    return entry;
  }

  void fault(const toml::node& node, const std::string& key, const std::string& what) {
    faults_.push_back({fmt::format("{}:{}: {}", file_, node.source().begin.line, key), what});
  }

 private:
  std::string text(const toml::table& table, const std::string& key) {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
      fault(table, key, "is missing");
      return "";
    }
    const auto* value = node->as_string();
    if (value == nullptr || value->get().empty()) {
      fault(*node, key, "must be a text in quotes that is not empty");
      return "";
    }
    return value->get();
  }

  const std::string& file_;
  std::vector<Fault>& faults_;
};

Error faulty(const std::string& path, const std::vector<Fault>& faults) {
  return Error{ErrorCode::config, "API keys in " + path + ":\n" + format_faults(faults),
               "mend the file; `make` of a key prints an entry"};
}

}  // namespace

Result<ApiKeys> ApiKeys::read(const std::string& path) {
  std::vector<Fault> faults;
  toml::table root;
  try {
    root = toml::parse_file(path);
  } catch (const toml::parse_error& e) {
    faults.push_back({fmt::format("{}:{}:", path, e.source().begin.line),
                      "cannot be read: " + std::string(e.description())});
    return faulty(path, faults);
  }
  ApiKeys keys;
  EntryReader reader(path, faults);
  for (const auto& [key, node] : root) {
    const toml::array* entries = node.as_array();
    if (key.str() != "key" || entries == nullptr) {
      reader.fault(node, std::string(key.str()), "is not known; keys are [[key]] tables");
      continue;
    }
    for (const toml::node& item : *entries) {
      const toml::table* table = item.as_table();
      if (table == nullptr) {
        reader.fault(item, "key", "must be a [[key]] table");
        continue;
      }
      Entry entry = reader.read(*table);
      if (entry.sha256.empty()) continue;
      const auto [at, is_new] = keys.tenant_by_sha256_.emplace(entry.sha256, entry.tenant);
      if (!is_new) reader.fault(item, "sha256", "stands in the file twice");
    }
  }
  if (!faults.empty()) return faulty(path, faults);
  return keys;
}

std::optional<std::string> ApiKeys::tenant_of(std::string_view key) const {
  // A look-up by the digest of 160 random bits: its time tells nothing about any key.
  const auto found = tenant_by_sha256_.find(sha256_hex(key));
  if (found == tenant_by_sha256_.end()) return std::nullopt;
  return found->second;
}

ApiKeys::NewKey ApiKeys::make(const std::string& tenant, const std::string& name) {
  const std::string key = "weir_" + random_hex(20);
  const std::string entry = fmt::format("[[key]]\nname = {}\ntenant = {}\nsha256 = \"{}\"\n",
                                        json_quote(name), json_quote(tenant), sha256_hex(key));
  return NewKey{key, entry};
}

}  // namespace weir
