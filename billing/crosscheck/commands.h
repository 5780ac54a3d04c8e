// `weir-billing crosscheck`: exit 0 equal, 1 different, 69 analytics is away, 75 it has not applied
// all of it yet.
#pragma once

#include "base/process.h"
#include "billing/options.h"

#include <cstdint>
#include <string>

namespace weir::billing {

struct CrosscheckArguments {
  std::int64_t close = 0;  // 0: the last one
  std::string from, to;    // RFC 3339; "" for the close's own interval
  bool json = false;
};
ExitCode crosscheck_command(const BillingOptions& options, const CrosscheckArguments& arguments);

}  // namespace weir::billing
