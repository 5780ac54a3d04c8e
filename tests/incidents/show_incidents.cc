// show-incidents: the three incidents for a person to watch, the original design beside Weir; under three
// minutes. Needs what the tests need: root, and the addresses of a broker and a PostgreSQL server in the
// environment (tests/with_services.sh). Exit 0: Weir charged nobody wrongly and the old way did.
#include "tests/incidents/side_by_side.h"

#include <cstdio>
#include <exception>
#include <fmt/format.h>

namespace weir::test {
namespace {

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

constexpr const char* kOpening =
    "Two designs consume the same requests and bill the same customers.\n"
    "  the old way  one service, one database, one volume; billing by the clock\n"
    "  Weir         a process, a database and a volume a side; billing when it is proven "
    "complete\n";

bool show() {
  say(kOpening);
  std::vector<std::pair<Trouble, Outcome>> outcomes;
  bool as_promised = true;
  for (const Trouble trouble :
       {Trouble::none, Trouble::analytics_crashes, Trouble::disk_fills, Trouble::shared_upgrade}) {
    say(fmt::format("\n==> {}", name_of(trouble)));
    outcomes.emplace_back(trouble,
                          play(trouble, [](const std::string& line) { say("    " + line); }));
    const Outcome& outcome = outcomes.back().second;
    const bool old_is_wrong = compare(outcome.owed, outcome.old_way).customers > 0;
    as_promised = as_promised && compare(outcome.owed, outcome.weir).customers == 0 &&
                  old_is_wrong == (trouble != Trouble::none);
  }
  say("\n" + table_of(outcomes));
  return as_promised;
}

}  // namespace
}  // namespace weir::test

int main() {
  try {
    return weir::test::show() ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 69;
  }
}
