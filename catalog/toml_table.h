// A TOML table being read: takes values out by key, collects every fault with its place, and in the
// end reports the keys that nobody asked for. Used by read_toml.cc alone.
#pragma once

#include "base/settings.h"
#include "base/toml.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct TomlReading {
  std::string file_name;
  std::vector<Fault> faults;

  void fault(const toml::node& at, std::string_view key, std::string what) {
    faults.push_back({fmt::format("{}:{}: {}", file_name, at.source().begin.line, key), what});
  }
};

class TomlTable {
 public:
  TomlTable(TomlReading& reading, const toml::table& table, std::string path)
      : reading_(reading), table_(table), path_(std::move(path)) {}
  TomlTable(const TomlTable&) = delete;
  TomlTable& operator=(const TomlTable&) = delete;
  /// Every key that was not asked for is a fault.
  ~TomlTable() {
    for (const auto& [key, value] : table_) {
      if (asked_.count(std::string(key.str())) == 0) {
        reading_.fault(value, path_ + "." + std::string(key.str()), "is no known key");
      }
    }
  }

  bool has(std::string_view key) const { return table_.contains(key); }

  /// A required, not empty text.
  std::string text(std::string_view key) {
    const std::string value = text_or(key, "");
    if (value.empty() && !has(key)) fault(key, "is missing");
    if (value.empty() && has(key) && table_.get(key)->is_string()) fault(key, "is empty");
    return value;
  }
  std::string text_or(std::string_view key, std::string fallback) {
    const toml::node* node = ask(key);
    if (node == nullptr) return fallback;
    if (auto value = node->value_exact<std::string>()) return *value;
    fault(key, node->is_floating_point() || node->is_integer()
                   ? "is a number; write it as text in quotes"
                   : "must be text");
    return fallback;
  }
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                       std::int64_t most) {
    const toml::node* node = ask(key);
    if (node == nullptr) return fallback;
    auto value = node->value_exact<std::int64_t>();
    if (!value) {
      fault(key, "must be a whole number");
      return fallback;
    }
    if (*value < least || *value > most) {
      fault(key, fmt::format("is {}; must be between {} and {}", *value, least, most));
    }
    return *value;
  }
  bool boolean(std::string_view key, bool fallback) {
    const toml::node* node = ask(key);
    if (node == nullptr) return fallback;
    auto value = node->value_exact<bool>();
    if (!value) fault(key, "must be true or false");
    return value.value_or(fallback);
  }
  /// RFC 3339 text or a TOML date-time with offset, as microseconds.
  std::int64_t time(std::string_view key, std::int64_t fallback) {
    const toml::node* node = ask(key);
    if (node == nullptr) return fallback;
    std::string text;
    if (const auto* written = node->as_date_time()) {
      text = fmt::format("{}", (std::ostringstream() << written->get()).str());
    } else {
      text = node->value_exact<std::string>().value_or("");
    }
    auto parsed = parse_rfc3339(text);
    if (!parsed) fault(key, "must be a time with its offset, such as \"2026-01-01T00:00:00Z\"");
    return parsed ? *parsed : fallback;
  }
  /// Calls `each(TomlTable&)` for every table of an array of tables.
  template <class Each>
  void tables(std::string_view key, Each each) {
    const toml::node* node = ask(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return fault(key, "must be a list of tables");
    for (const toml::node& item : *array) {
      const toml::table* table = item.as_table();
      if (table == nullptr) {
        reading_.fault(item, path_of(key), "must be a table");
        continue;
      }
      TomlTable inner(reading_, *table, path_of(key));
      each(inner);
    }
  }
  template <class Each>
  void table(std::string_view key, Each each) {
    const toml::node* node = ask(key);
    if (node == nullptr) return;
    const toml::table* found = node->as_table();
    if (found == nullptr) return fault(key, "must be a table");
    TomlTable inner(reading_, *found, path_of(key));
    each(inner);
  }
  void fault(std::string_view key, std::string what) {
    const toml::node* node = table_.get(key);
    reading_.fault(node != nullptr ? *node : static_cast<const toml::node&>(table_), path_of(key),
                   std::move(what));
  }

 private:
  const toml::node* ask(std::string_view key) {
    asked_.insert(std::string(key));
    return table_.get(key);
  }
  std::string path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }

  TomlReading& reading_;
  const toml::table& table_;
  std::string path_;
  std::set<std::string> asked_;
};

}  // namespace weir
