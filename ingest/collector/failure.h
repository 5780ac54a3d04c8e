// How the commands of weir-ingest that speak to a person end when they fail.
#pragma once

#include "base/process.h"
#include "base/result.h"

#include <fmt/format.h>
#include <optional>

namespace weir {

/// Prints it to standard error. The exit code is the one that fits the error, unless given.
inline ExitCode fail(const Error& error, std::optional<ExitCode> code = std::nullopt) {
  fmt::print(stderr, "weir-ingest: {}\n", error.text());
  return code.value_or(exit_code_of(error));
}

}  // namespace weir
