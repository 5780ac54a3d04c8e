// What every fuzz target shares. A target is one function over bytes from a stranger; it must end,
// whatever they are, and WEIR_CHECK what holds for every input.
//
// The same function is run in two ways: by libFuzzer, under the address and undefined-behaviour
// sanitizers (preset `fuzz`, ./weir fuzz), and in each ordinary build over the files of
// corpus/<target> and a fixed number of mutations of each (corpus_main.cc).
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace weir::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// The sample's time: 2026-03-01T12:00:00Z.
inline constexpr std::int64_t kNow = 1'772'366'400'000'000;

}  // namespace weir::fuzz
