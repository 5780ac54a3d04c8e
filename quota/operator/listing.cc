#include "quota/operator/listing.h"

#include "base/json_writer.h"
#include "base/text_table.h"
#include "base/time.h"
#include "quota/postgres_sql.h"

#include <algorithm>

namespace weir {
namespace {

bool for_people(const Column& column) {
  return column.kind != Column::Kind::hidden && column.kind != Column::Kind::in_json;
}

std::string cell_of(const Rows& rows, std::size_t row, int at, Column::Kind kind,
                    std::int64_t now_us) {
  if (rows.null(row, at)) return "";
  if (kind == Column::Kind::time) return format_rfc3339(rows.integer(row, at));
  if (kind == Column::Kind::age) return age_text(rows.integer(row, at), now_us);
  return std::string(rows.text(row, at));
}

std::string table_of(const Listing& listing, const Rows& rows, std::size_t shown,
                     std::int64_t now_us) {
  std::vector<std::string> header;
  for (const Column& column : listing.columns) {
    if (for_people(column)) header.emplace_back(column.name);
  }
  TextTable table(std::move(header));
  for (std::size_t row = 0; row < shown; ++row) {
    std::vector<std::string> cells;
    for (std::size_t at = 0; at < listing.columns.size(); ++at) {
      const Column& column = listing.columns[at];
      if (!for_people(column)) continue;
      cells.push_back(cell_of(rows, row, static_cast<int>(at), column.kind, now_us));
    }
    table.add(std::move(cells));
  }
  return table.text();
}

void put(JsonWriter& json, const Rows& rows, std::size_t row, int at, const Column& column) {
  const bool age = column.kind == Column::Kind::age;
  json.key(age ? "since" : column.name);
  if (rows.null(row, at)) {
    json.raw("null");
    return;
  }
  switch (column.kind) {
    case Column::Kind::number:
      json.value(rows.integer(row, at));
      return;
    case Column::Kind::time:
    case Column::Kind::age:
      json.value(format_rfc3339(rows.integer(row, at)));
      return;
    case Column::Kind::in_json:
      json.raw(rows.text(row, at));
      return;
    case Column::Kind::text:
    case Column::Kind::hidden:
      json.value(rows.text(row, at));
      return;
  }
}

std::string json_of(const Listing& listing, const Rows& rows, std::size_t shown) {
  JsonWriter json;
  json.begin_object().key(listing.name).begin_array();
  for (std::size_t row = 0; row < shown; ++row) {
    json.begin_object();
    for (std::size_t at = 0; at < listing.columns.size(); ++at) {
      put(json, rows, row, static_cast<int>(at), listing.columns[at]);
    }
    json.end_object();
  }
  json.end_array().field("more", rows.size() > shown).end_object();
  return json.text() + "\n";
}

}  // namespace

std::string age_text(std::int64_t since_us, std::int64_t now_us) {
  const std::int64_t whole_seconds = (now_us - since_us) / kMicrosPerSecond * kMicrosPerSecond;
  return whole_seconds <= 0 ? "just now" : humane_duration(Micros(whole_seconds));
}

Result<std::string> print_listing(Connection& connection, const Listing& listing, bool all,
                                  bool json, Deadline deadline) {
  Result<Rows> now = connection.run("SELECT " WEIR_NOW_US, deadline);
  if (!now) return std::move(now).error();
  // One more than is shown, to know whether there are more.
  Result<Rows> rows =
      connection.run(listing.sql, Params().boolean(all).integer(kListRows + 1), deadline);
  if (!rows) return std::move(rows).error();
  const std::size_t shown = std::min(rows->size(), static_cast<std::size_t>(kListRows));
  if (json) return json_of(listing, *rows, shown);
  if (rows->empty()) return std::string(listing.none) + "\n";
  std::string text = table_of(listing, *rows, shown, now->integer(0, 0));
  if (rows->size() > shown) text += "and more: only " + std::to_string(shown) + " are shown\n";
  if (*listing.next != '\0') text += "\n" + std::string(listing.next) + "\n";
  return text;
}

}  // namespace weir
