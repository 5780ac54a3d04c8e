// Every reason code that the program can say stands in docs/reference/reasons.md.
#include "tests/tidy/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <string>

namespace weir::tidy {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

void add_matches(const std::string& text, const char* pattern, std::set<std::string>& codes) {
  const std::regex regex(pattern);
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) {
    codes.insert((*at)[1]);
  }
}

/// Reasons of billing are braced lists that begin with their code; those of the decoders are named
/// constants.
std::set<std::string> codes_in(const std::string& root) {
  std::set<std::string> codes;
  for (const SourceFile& file : files_of(root, {".cc", ".h"})) {
    const std::string text = text_of(root, file);
    if (file.path.starts_with("billing/") && !file.path.ends_with("_test.cc")) {
      add_matches(text, R"re((?:reasons|broken|assumed)\.push_back\(\s*\{"([a-z_]+)",)re", codes);
      add_matches(text, R"re(return (?:Reason)?\{"([a-z_]+)",\s*(?:\{\}|\w+\.partition),)re",
                  codes);
      if (text.find("broken.push_back({code") != text.npos) {
        add_matches(text, R"re(\badd\("([a-z_]+)",)re", codes);
      }
    }
    if (file.path == "ingest/event/limits.h") {
      add_matches(text, R"re(string_view k\w+ = "([a-z_0-9]+)")re", codes);
    }
  }
  return codes;
}

std::set<std::string> undocumented(const std::string& root) {
  std::string page;
  for (const SourceFile& file : files_of(root, {".md"})) {
    if (file.path == "docs/reference/reasons.md") page = text_of(root, file);
  }
  std::set<std::string> missing;
  for (const std::string& code : codes_in(root)) {
    if (page.find("| `" + code + "` |") == page.npos) missing.insert(code);
  }
  return missing;
}

TEST(ReasonCodes, every_code_stands_in_the_reference) {
  EXPECT_THAT(undocumented(TIDY_SOURCE), IsEmpty());
}

TEST(ReasonCodes, the_codes_that_matter_are_found_at_all) {
  const std::set<std::string> codes = codes_in(TIDY_SOURCE);
  for (const char* code : {"behind", "unsealed", "numbers_missing", "replica", "retention",
                           "min_insync_replicas", "append_clock", "barrier_not_written",
                           "anchor_broken", "malformed", "misrouted", "no_producer"}) {
    EXPECT_THAT(codes, Contains(code));
  }
}

TEST(ReasonCodes, a_code_without_a_line_is_found) {
  TemporaryTree tree;
  tree.add("docs/reference/reasons.md", "| `behind` | x |\n");
  tree.add("billing/a.cc",
           "reasons.push_back({\"behind\", p});\nreturn {\"odd_one\",\n  {}, \"x\"};\n");
  EXPECT_THAT(undocumented(tree.root()), ::testing::ElementsAre("odd_one"));
}

}  // namespace
}  // namespace weir::tidy
