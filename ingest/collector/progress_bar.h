// Progress of long work, on a terminal alone: "access.log  43 %  1.2 GiB of 2.8 GiB". Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace weir {

class ProgressBar {
 public:
  ProgressBar(std::string what, std::int64_t bytes_total);
  void show(std::int64_t bytes_done);
  /// Takes the line away.
  void end();

 private:
  std::string what_;
  std::int64_t total_;
  bool terminal_;
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace weir
