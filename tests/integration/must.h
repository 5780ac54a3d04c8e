// How the helpers of the integration tests fail: they return values, so ASSERT_* cannot be used. What goes
// wrong ends the test with its words.
#pragma once

#include "base/result.h"

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>

namespace weir::test {

[[noreturn]] inline void give_up(const std::string& why) { throw std::runtime_error(why); }

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().text());
  return *std::move(result);
}

inline Deadline soon() { return Deadline::in(std::chrono::seconds(60)); }

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

}  // namespace weir::test
