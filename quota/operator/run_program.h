// Runs another program of ours to its end, its output on ours.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <string>
#include <vector>

namespace weir {

/// `name` beside the running binary: "/opt/weir/bin/weir-ingest". Error `config` when it is not there.
Result<std::string> program_beside(const std::string& name);

/// Its exit code. It is ended when the deadline passes (`unavailable`), or by a signal (`integrity`).
Result<int> run_program(const std::vector<std::string>& arguments, Deadline deadline);

/// As a shell would take it.
std::string shell_line(const std::vector<std::string>& arguments);

}  // namespace weir
