#include "tests/tidy/direction.h"

#include "tests/tidy/tree.h"

#include <map>
#include <set>
#include <sstream>

namespace weir::tidy {
namespace {

using Names = std::set<std::string>;

// What each package may use besides itself. "*" is everything.
const std::map<std::string, Names>& packages() {
  static const Names event = {"base"};
  static const Names stream = {"base", "base/volume", "ingest/event", "ingest/codec",
                               "ingest/identity"};
  static const std::map<std::string, Names> table = {
      {"base", {}},
      {"base/volume", {"base"}},
      {"base/http", {"base", "base/volume"}},
      {"catalog", {"base"}},
      {"storage/postgres", {"base"}},
      {"storage/sqlite", {"base"}},
      {"storage/duckdb", {"base", "base/volume"}},
      {"ingest/event", event},
      {"ingest/codec", {"base", "ingest/event"}},
      {"ingest/identity", {"base", "base/volume", "ingest/event"}},
      {"ingest/stream", stream},
      {"ingest/spool", {"base", "base/volume", "ingest/event", "ingest/codec", "ingest/stream"}},
      {"ingest/file_stream",
       {"base", "base/volume", "base/http", "ingest/event", "ingest/codec", "ingest/stream",
        "ingest/spool"}},
      {"ingest/producer",
       {"base", "base/volume", "ingest/event", "ingest/codec", "ingest/stream", "ingest/spool"}},
      {"ingest/kafka", {"base", "ingest/event", "ingest/codec", "ingest/stream"}},
      {"ingest/connect",
       {"base", "base/volume", "ingest/event", "ingest/codec", "ingest/stream", "ingest/kafka",
        "ingest/spool", "ingest/file_stream"}},
      {"ingest/collector",
       {"base", "base/volume", "base/http", "ingest/event", "ingest/codec", "ingest/stream",
        "ingest/spool", "ingest/producer", "ingest/connect"}},
      {"ingest",
       {"base", "base/volume", "base/http", "ingest/event", "ingest/codec", "ingest/stream",
        "ingest/spool", "ingest/producer", "ingest/connect", "ingest/collector"}},
      {"quota",
       {"base", "base/volume", "base/http", "catalog", "storage/postgres", "ingest/event",
        "ingest/codec", "ingest/stream", "ingest/connect", "ingest/identity"}},
      {"analytics",
       {"base", "base/volume", "base/http", "storage/sqlite", "storage/duckdb", "ingest/event",
        "ingest/codec", "ingest/stream", "ingest/connect", "ingest/identity"}},
      {"billing",
       {"base", "base/volume", "catalog", "storage/postgres", "ingest/event", "ingest/codec",
        "ingest/stream", "ingest/connect", "billing/providers", "billing/money.h", "billing/verify",
        "billing/crosscheck"}},
      {"billing/money.h", {"base"}},
      {"billing/verify",
       {"base", "base/volume", "catalog", "storage/postgres", "ingest/event", "ingest/codec",
        "ingest/stream", "ingest/connect", "billing", "billing/money.h", "billing/providers"}},
      {"billing/crosscheck",
       {"base", "base/http", "catalog", "storage/postgres", "billing", "billing/money.h"}},
      {"billing/providers", {"base", "base/volume", "base/http", "billing/money.h"}},
      {"deploy", {"base", "base/http"}},
      {"tests", {"*"}},
      {"bench", {"*"}},
  };
  return table;
}

// Where a third-party library may be seen, by the beginning of its headers' names. tests and bench
// may use any of them.
const std::map<std::string, Names>& third_parties() {
  static const std::map<std::string, Names> table = {
      {"librdkafka/", {"ingest/kafka"}},
      {"libpq-fe.h", {"storage/postgres"}},
      {"sqlite3.h", {"storage/sqlite"}},
      {"duckdb.h", {"storage/duckdb"}},
      {"simdjson.h",
       {"ingest/codec", "catalog", "quota", "analytics", "billing", "billing/verify",
        "billing/crosscheck"}},
      {"google/protobuf", {"ingest/codec"}},
      {"boost/", {"base/http"}},
      {"curl/", {"base/http"}},
      {"zstd.h", {"base"}},
      {"CLI/", {"base"}},
      {"prometheus/", {"base"}},
      {"openssl/", {"base"}},
      {"date/", {"base"}},
      {"toml++/", {"base", "base/http", "catalog"}},
  };
  return table;
}

std::string relative_to(const std::string& root, const std::string& folder) {
  if (!folder.starts_with(root)) return folder;
  return folder.size() == root.size() ? "" : folder.substr(root.size() + 1);
}

}  // namespace

std::optional<std::string> package_of(const std::string& path) {
  for (std::string folder = path;;) {
    if (packages().count(folder) > 0) return folder;
    const std::size_t slash = folder.rfind('/');
    if (slash == std::string::npos) return std::nullopt;
    folder.resize(slash);
  }
}

bool may_use(const std::string& from, const std::string& to) {
  const Names& allowed = packages().at(from);
  return from == to || allowed.count("*") > 0 || allowed.count(to) > 0;
}

bool may_include(const std::string& from, const std::string& name) {
  if (packages().at(from).count("*") > 0) return true;
  for (const auto& [prefix, where] : third_parties()) {
    if (name.starts_with(prefix)) return where.count(from) > 0;
  }
  return true;
}

std::vector<std::string> forbidden_includes(const std::string& root) {
  std::vector<std::string> faults;
  for (const SourceFile& file : files_of(root, {".h", ".cc"})) {
    const auto from = package_of(file.path);
    if (!from) {
      faults.push_back(file.path + ": lies in no folder of the table in tests/tidy/direction.cc");
      continue;
    }
    for (const Include& include : includes_of(root, file)) {
      const auto to = include.own ? package_of(include.name) : std::nullopt;
      const bool allowed = to ? may_use(*from, *to) : may_include(*from, include.name);
      if (allowed) continue;
      faults.push_back(file.path + ":" + std::to_string(include.line) + ": must not include " +
                       include.name);
    }
  }
  return faults;
}

std::vector<std::string> forbidden_links(const std::string& root, const std::string& links) {
  std::vector<std::string> faults;
  std::istringstream lines(links);
  std::string folder, target, linked_folder, linked;
  while (lines >> folder >> target >> linked_folder >> linked) {
    const auto from = package_of(relative_to(root, folder));
    const auto to = package_of(relative_to(root, linked_folder));
    if (from && to && !may_use(*from, *to)) faults.push_back(target + " must not link " + linked);
  }
  return faults;
}

}  // namespace weir::tidy
