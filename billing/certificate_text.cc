// A certificate for people. Its JSON is the truth; this shows all of it, whatever its version: flat
// fields as lines, lists of objects as tables.
#include "base/text_table.h"
#include "billing/print.h"

#include <simdjson.h>

namespace weir {
namespace {

namespace dom = simdjson::dom;
// These throw simdjson_error, which certificate_text() catches: the edge of the library.

constexpr std::size_t kDigestShown = 16;

std::string scalar_text(const dom::element& value) {
  if (value.is_string()) return std::string(std::string_view(value));
  if (value.is_bool()) return bool(value) ? "yes" : "no";
  return simdjson::minify(value);
}

std::string spaced(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c == '_' ? ' ' : c;
  return text;
}

bool is_list(const dom::element& value) { return value.is_array() || value.is_object(); }

/// {"epoch":1,"partition":0,"sealed":5} → "epoch 1 partition 0 sealed 5".
std::string inline_text(const dom::element& value) {
  if (!is_list(value)) return scalar_text(value);
  std::string text;
  if (value.is_array()) {
    for (const dom::element one : dom::array(value)) {
      text += (text.empty() ? "" : "; ") + inline_text(one);
    }
  } else {
    for (const auto& [name, one] : dom::object(value)) {
      text += (text.empty() ? "" : " ") + spaced(name) + " " + inline_text(one);
    }
  }
  return text;
}

std::string cell_text(std::string_view name, const dom::element& value) {
  std::string text = inline_text(value);
  if (name == "anchor_digest" && text.size() > kDigestShown) text.resize(kDigestShown);
  return text;
}

/// Columns `from` to `to` of a list of objects, with the first one as the rows' name.
std::string columns_text(const dom::array& list, std::size_t from, std::size_t to) {
  auto row_of = [&](const dom::element& object, bool names) {
    std::vector<std::string> cells;
    std::size_t column = 0;
    for (const auto& [name, value] : dom::object(object)) {
      const bool shown = column == 0 || (column >= from && column < to);
      if (shown) cells.push_back(names ? spaced(name) : cell_text(name, value));
      ++column;
    }
    cells.front().insert(0, "  ");
    return cells;
  };
  TextTable table(row_of(list.at(0), true));
  for (const dom::element object : list) table.add(row_of(object, false));
  return table.text();
}

/// A list of objects with the same fields, as tables that a terminal is wide enough for.
std::string objects_text(const dom::array& list) {
  constexpr std::size_t kColumnsShown = 7;
  const std::size_t columns = dom::object(list.at(0)).size();
  std::string text;
  for (std::size_t from = 1; from == 1 || from < columns; from += kColumnsShown) {
    text += columns_text(list, from, std::min(columns, from + kColumnsShown));
  }
  return text;
}

std::string list_text(std::string_view name, const dom::element& value) {
  const std::string title = "\n" + spaced(name) + "\n";
  if (value.is_object()) return title + "  " + inline_text(value) + "\n";
  const dom::array list(value);
  if (list.size() == 0) return title + "  none\n";
  if (list.at(0).is_object()) return title + objects_text(list);
  std::string text = title;
  for (const dom::element one : list) text += "  " + inline_text(one) + "\n";
  return text;
}

std::string text_of(const dom::element& root) {
  std::size_t width = 0;
  for (const auto& [name, value] : dom::object(root)) {
    if (!is_list(value)) width = std::max(width, name.size());
  }
  std::string fields, lists;
  for (const auto& [name, value] : dom::object(root)) {
    if (is_list(value)) {
      lists += list_text(name, value);
    } else {
      std::string label = spaced(name);
      label.resize(width + 2, ' ');
      fields += label + scalar_text(value) + "\n";
    }
  }
  return fields + lists;
}

}  // namespace

Result<std::string> certificate_text(const StoredCertificate& certificate) {
  try {
    dom::parser parser;
    const std::string fields =
        text_of(parser.parse(simdjson::padded_string(certificate.certificate)));
    return "digest " + certificate.digest + "\n\n" + fields;
  } catch (const simdjson::simdjson_error& error) {
    return Error{ErrorCode::integrity,
                 "certificate " + std::to_string(certificate.id) +
                     " cannot be read: " + std::string(error.what()),
                 "weir-billing verify"};
  }
}

}  // namespace weir
