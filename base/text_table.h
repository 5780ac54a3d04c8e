// A table for people: columns as wide as their widest cell, two blanks between, no lines.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace weir {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() == 1; }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weir
