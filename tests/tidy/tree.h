// The source tree as the tidy tests see it: paths relative to the root, and the lines of each file.
// Hidden folders, build folders and binary files are left out. Errors: a file that cannot be read
// ends the test by exception.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::tidy {

struct SourceFile {
  std::string path;  // "ingest/event/check.h"
  std::string folder() const;
};

/// Every file of the tree, sorted by path.
std::vector<SourceFile> files_of(const std::string& root);
/// Those whose names end in one of `endings`.
std::vector<SourceFile> files_of(const std::string& root, const std::vector<std::string>& endings);

std::string text_of(const std::string& root, const SourceFile& file);
std::vector<std::string> lines_of(const std::string& root, const SourceFile& file);

struct Include {
  std::string name;  // as between the quotes or brackets
  bool own;          // quotes: of this project
  std::size_t line;
};
std::vector<Include> includes_of(const std::string& root, const SourceFile& file);

/// A fresh folder with these files in it, removed at the end of its life.
class TemporaryTree {
 public:
  TemporaryTree();
  ~TemporaryTree();
  TemporaryTree(const TemporaryTree&) = delete;
  TemporaryTree& operator=(const TemporaryTree&) = delete;
  void add(const std::string& path, std::string_view text);
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

}  // namespace weir::tidy
