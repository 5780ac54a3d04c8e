#include "tests/tidy/tree.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>

namespace weir::tidy {
namespace {

namespace fs = std::filesystem;

bool left_out(const fs::path& path) {
  static const std::set<std::string> hidden_but_ours = {".ci", ".clang-format", ".clang-tidy",
                                                        ".gitignore"};
  const std::string name = path.filename().string();
  return name == "build" || (name.starts_with('.') && hidden_but_ours.count(name) == 0);
}

bool ends_with_any(const std::string& path, const std::vector<std::string>& endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](const std::string& ending) { return path.ends_with(ending); });
}

}  // namespace

std::string SourceFile::folder() const { return fs::path(path).parent_path().string(); }

std::vector<SourceFile> files_of(const std::string& root) {
  std::vector<SourceFile> files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::end(entry); ++entry) {
    if (left_out(entry->path())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      files.push_back({fs::relative(entry->path(), root).string()});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::vector<SourceFile> files_of(const std::string& root, const std::vector<std::string>& endings) {
  std::vector<SourceFile> files = files_of(root);
  std::erase_if(files, [&](const SourceFile& file) { return !ends_with_any(file.path, endings); });
  return files;
}

std::string text_of(const std::string& root, const SourceFile& file) {
  std::ifstream in(fs::path(root) / file.path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& root, const SourceFile& file) {
  std::istringstream text(text_of(root, file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::vector<Include> includes_of(const std::string& root, const SourceFile& file) {
  static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  const std::vector<std::string> lines = lines_of(root, file);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (std::regex_search(lines[i], match, pattern)) {
      includes.push_back({match[2], match[1] == "\"", i + 1});
    }
  }
  return includes;
}

TemporaryTree::TemporaryTree() {
  std::string name = (fs::temp_directory_path() / "weir-tidy-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  root_ = name;
}

TemporaryTree::~TemporaryTree() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

void TemporaryTree::add(const std::string& path, std::string_view text) {
  const fs::path whole = fs::path(root_) / path;
  fs::create_directories(whole.parent_path());
  std::ofstream(whole) << text;
}

}  // namespace weir::tidy
