// No dead file, no endless file, no word that only makes sense where it was written. Each check is
// shown to find what it is for.
#include "tests/tidy/tree.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace weir::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kLinesMost = 400;

// Headers that nobody includes, and driver scripts that nobody names.
std::vector<std::string> dead_files(const std::string& root) {
  std::set<std::string> used;
  for (const SourceFile& file : files_of(root, {".h", ".cc"})) {
    for (const Include& include : includes_of(root, file)) {
      if (include.name != file.path) used.insert(include.name);
    }
  }
  std::vector<std::string> dead;
  for (const SourceFile& file : files_of(root, {".h"})) {
    if (used.count(file.path) == 0) dead.push_back(file.path);
  }
  return dead;
}

// What the build says it compiles; of a unity build also what the one file includes.
std::string compiled_files() {
  const std::string commands = text_of(TIDY_BUILD, {"compile_commands.json"});
  const std::regex unity("\"file\": \"([^\"]*/unity_[0-9]+_cxx\\.cxx)\"");
  std::string text = commands;
  for (auto at = std::sregex_iterator(commands.begin(), commands.end(), unity);
       at != std::sregex_iterator(); ++at) {
    std::ifstream file((*at)[1].str());
    text.append(std::istreambuf_iterator<char>(file), {});
  }
  return text;
}

// Sources that no target compiles.
std::vector<std::string> uncompiled_files(const std::string& root, const std::string& commands) {
  std::vector<std::string> dead;
  for (const SourceFile& file : files_of(root, {".cc"})) {
    if (commands.find("/" + file.path + "\"") == std::string::npos) dead.push_back(file.path);
  }
  return dead;
}

std::vector<std::string> long_files(const std::string& root) {
  std::vector<std::string> found;
  for (const SourceFile& file : files_of(root, {".h", ".cc", ".sh"})) {
    if (lines_of(root, file).size() > kLinesMost) found.push_back(file.path);
  }
  return found;
}

// Written in pieces, so that this file does not hold them.
const std::regex& forbidden_words() {
  static const std::regex words(
      "\\bTO"
      "DO\\b|\\bFIX"
      "ME\\b|\\.\\./sha"
      "red|(^|[^\\w.~-])/wo"
      "rk/|registry\\.npm"
      "js|repo1?\\.maven|deb\\.deb"
      "ian\\.org|pypi\\.org|proxy\\.golang");
  return words;
}

std::vector<std::string> places_of_forbidden_words(const std::string& root) {
  static const std::vector<std::string> kText = {
      ".h",    ".cc",   ".sh",   ".md",    ".txt", ".cmake", ".sql",       ".xml",
      ".json", ".toml", ".conf", ".proto", "weir", "run",    ".properties"};
  std::vector<std::string> found;
  for (const SourceFile& file : files_of(root, kText)) {
    const std::vector<std::string> lines = lines_of(root, file);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].size() < 2000 && std::regex_search(lines[i], forbidden_words())) {
        found.push_back(file.path + ":" + std::to_string(i + 1));
      }
    }
  }
  return found;
}

TEST(DeadFiles, every_header_is_included_by_another_file) {
  EXPECT_THAT(dead_files(TIDY_SOURCE), IsEmpty());
}

TEST(DeadFiles, a_header_that_nobody_includes_is_found) {
  TemporaryTree tree;
  tree.add("base/used.h", "\n");
  tree.add("base/dead.h", "\n");
  tree.add("base/dead.cc", "#include \"base/used.h\"\n");
  EXPECT_THAT(dead_files(tree.root()), ElementsAre("base/dead.h"));
}

TEST(DeadFiles, every_source_is_compiled) {
  EXPECT_THAT(uncompiled_files(TIDY_SOURCE, compiled_files()), IsEmpty());
}

TEST(DeadFiles, a_source_that_no_target_compiles_is_found) {
  TemporaryTree tree;
  tree.add("base/built.cc", "\n");
  tree.add("base/forgotten.cc", "\n");
  EXPECT_THAT(uncompiled_files(tree.root(), "\"file\": \"/src/base/built.cc\""),
              ElementsAre("base/forgotten.cc"));
}

TEST(DeadFiles, every_driver_script_is_named_by_another) {
  std::vector<std::string> dead;
  for (const SourceFile& script : files_of(TIDY_SOURCE "/driver", {".sh"})) {
    bool named = false;
    for (const SourceFile& other : files_of(TIDY_SOURCE)) {
      const bool shell = other.path == "weir" || other.path.starts_with("driver/");
      named = named || (shell && other.path != "driver/" + script.path &&
                        text_of(TIDY_SOURCE, other).find(script.path) != std::string::npos);
    }
    if (!named) dead.push_back(script.path);
  }
  EXPECT_THAT(dead, IsEmpty());
}

TEST(Files, none_is_longer_than_400_lines) { EXPECT_THAT(long_files(TIDY_SOURCE), IsEmpty()); }

TEST(Files, a_longer_one_is_found) {
  TemporaryTree tree;
  tree.add("base/long.cc", std::string(kLinesMost + 1, '\n'));
  tree.add("base/short.cc", std::string(kLinesMost, '\n'));
  EXPECT_THAT(long_files(tree.root()), ElementsAre("base/long.cc"));
}

TEST(Words, none_that_only_makes_sense_where_it_was_written) {
  EXPECT_THAT(places_of_forbidden_words(TIDY_SOURCE), IsEmpty());
}

TEST(Words, a_forbidden_one_is_found) {
  TemporaryTree tree;
  tree.add("base/a.cc",
           "fine\n// TO"
           "DO: later\n");
  tree.add("docs/b.md",
           "see ../sha"
           "red/PLAN.md\n");
  tree.add("docs/c.md",
           "cd /wo"
           "rk/main\nthe network/work/flow is fine\n");
  EXPECT_THAT(places_of_forbidden_words(tree.root()),
              ElementsAre("base/a.cc:2", "docs/b.md:1", "docs/c.md:1"));
}

}  // namespace
}  // namespace weir::tidy
