// Random calls about a move to another topic (R2), as random_calls.cc makes them.
#include "tests/contract/isolation/random_calls.h"

namespace weir {

void RandomCalls::decide_move(OperatorTransaction& tx) {
  const auto move = tx.open_move();
  if (!move) return tell("move", Status(move.error()));
  const auto finals = tx.all_finals();
  std::string text = "finals";
  for (const ProducerFinals& one : finals ? *finals : std::vector<ProducerFinals>()) {
    text += " " + one.producer + " " + std::to_string(one.epoch) + write_numbers(one.finals) +
            (one.end ? write_numbers(*one.end) : "-");
    for (const ContiguousNumber& number : one.numbers) {
      text += " " + std::to_string(number.contiguous);
    }
  }
  lines_.push_back(text);
  const auto redrives = tx.open_redrives();
  lines_.push_back("open redrives " + std::to_string(redrives ? *redrives : -1));
  if (*move) {
    lines_.push_back("move to " + (*move)->topic + " " + std::to_string((*move)->starts.size()));
    tell("settle", tx.settle_move((*move)->id, "cancelled", {"ada", "it is so"}));
  } else if (chance(30)) {
    const auto id =
        tx.declare_move({incarnation_, "a", "b", {Offset{3}, Offset{4}}}, {"ada", "it is so"});
    lines_.push_back(id ? "declared" : "not declared");
  }
}

}  // namespace weir
