#include "analytics/table.h"

#include "base/log.h"
#include "base/time.h"

#include <fmt/format.h>

namespace weir {
namespace {

std::string plain(const Cell& cell, Table::Kind kind) {
  if (const auto* number = std::get_if<Int128>(&cell)) {
    if (kind == Table::Kind::time) return format_rfc3339(static_cast<std::int64_t>(*number));
    return to_text(*number);
  }
  if (const auto* real = std::get_if<double>(&cell)) return format_real(*real);
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return {};
}

bool is_quoted_in_json(const Cell& cell, Table::Kind kind) {
  return std::holds_alternative<std::string>(cell) ||
         (kind == Table::Kind::time && std::holds_alternative<Int128>(cell));
}

void append_json(std::string& out, const Cell& cell, Table::Kind kind) {
  if (std::holds_alternative<std::monostate>(cell)) {
    out += "null";
  } else if (is_quoted_in_json(cell, kind)) {
    out += json_quote(plain(cell, kind));
  } else {
    out += plain(cell, kind);
  }
}

void append_csv(std::string& out, const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    out += text;
    return;
  }
  out += '"';
  for (char c : text) {
    out += c;
    if (c == '"') out += c;
  }
  out += '"';
}

}  // namespace

std::string format_real(double value) {
  std::string text = fmt::format("{:.6f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string to_json(const Table& table) {
  std::string out = "[";
  for (const std::vector<Cell>& row : table.rows) {
    out += out.size() > 1 ? ",{" : "{";
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out += ',';
      out += json_quote(table.columns[i].name) + ":";
      append_json(out, row[i], table.columns[i].kind);
    }
    out += '}';
  }
  return out + "]";
}

std::string to_csv(const Table& table) {
  std::string out;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i > 0) out += ',';
    append_csv(out, table.columns[i].name);
  }
  out += "\r\n";
  for (const std::vector<Cell>& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out += ',';
      append_csv(out, plain(row[i], table.columns[i].kind));
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace weir
