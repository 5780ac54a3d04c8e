// Values or an end: a bench has nobody to hand an error to.
#pragma once

#include "base/result.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace weir::bench {

[[noreturn]] inline void give_up(const std::string& why) { throw std::runtime_error(why); }

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().text());
  return *std::move(result);
}

inline void must(const Status& status) {
  if (!status) give_up(status.error().text());
}

}  // namespace weir::bench
