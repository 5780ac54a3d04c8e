// Which folder may use which, and where each third-party library's types stop. The one table that
// both the include test and the link test go by.
//
// A file belongs to the longest folder of the table that its path lies under: quota/migrations
// belongs to "quota", ingest/event to itself. Services stand side by side: none is in another's
// row.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weir::tidy {

/// The folder of the table that `path` belongs to; nullopt when it lies under none.
std::optional<std::string> package_of(const std::string& path);

/// Whether code of package `from` may use package `to`.
bool may_use(const std::string& from, const std::string& to);

/// Whether a file of the package `from` may include the third-party header `<name>`.
bool may_include(const std::string& from, const std::string& name);

/// Every #include that the tables forbid: "quota/a.cc:3: must not include analytics/b.h".
std::vector<std::string> forbidden_includes(const std::string& root);

/// Every link that the table forbids. `links` as the build wrote them: lines of "FOLDER TARGET
/// LINKED-FOLDER LINKED-TARGET" with absolute folders under `root`.
std::vector<std::string> forbidden_links(const std::string& root, const std::string& links);

}  // namespace weir::tidy
