// The commands that check what billing has stored; exit 70 when it does not agree with its facts.
#pragma once

#include "base/process.h"
#include "billing/options.h"

#include <cstdint>
#include <string>

namespace weir::billing {

struct VerifyArguments {
  std::int64_t close = 0;  // 0: all
  bool from_stream = false;
  bool json = false;
};
ExitCode verify_command(const BillingOptions& options, const VerifyArguments& arguments);

/// All certificates as JSON lines, oldest first: {"close":1,"digest":"…","certificate":{…}}, the
/// certificate byte for byte. Refused where the chain does not hold. `-` is standard output.
ExitCode export_certificates_command(const BillingOptions& options, const std::string& file);

}  // namespace weir::billing
