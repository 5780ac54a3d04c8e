// The TOML source of settings, over toml++, whose types stop here.
#include "base/settings_state.h"
#include "base/toml.h"

#include <fmt/format.h>

namespace weir {
namespace {

std::string plain_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

class Walk {
 public:
  Walk(std::string file, std::vector<RawValue>& out) : file_(std::move(file)), out_(out) {}

  void table(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      if (const toml::table* inner = node.as_table()) {
        this->table(*inner, name + ".");
      } else {
        leaf(node, name);
      }
    }
  }

 private:
  void leaf(const toml::node& node, const std::string& name) {
    RawValue raw;
    raw.name = name;
    raw.line = node.source().begin.line;
    raw.origin = fmt::format("{}:{}", file_, raw.line);
    raw.where = raw.origin + ": " + name;
    if (const auto* text = node.as_string()) raw.value = text->get();
    if (const auto* number = node.as_integer()) raw.value = number->get();
    if (const auto* truth = node.as_boolean()) raw.value = truth->get();
    out_.push_back(std::move(raw));
  }

  std::string file_;
  std::vector<RawValue>& out_;
};

}  // namespace

std::vector<RawValue> read_toml_values(const std::string& path, std::vector<Fault>& faults) {
  std::vector<RawValue> values;
  try {
    const toml::table root = toml::parse_file(path);
    Walk(plain_name(path), values).table(root, "");
  } catch (const toml::parse_error& e) {
    const auto line = e.source().begin.line;
    const std::string where = line == 0 ? path : fmt::format("{}:{}", plain_name(path), line);
    faults.push_back({where, fmt::format("cannot be read: {}", e.description())});
  }
  // A table comes out sorted by key; people read a file from the top.
  std::stable_sort(values.begin(), values.end(),
                   [](const RawValue& a, const RawValue& b) { return a.line < b.line; });
  return values;
}

}  // namespace weir
