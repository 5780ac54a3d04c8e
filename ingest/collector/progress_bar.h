// Progress of long work, on a terminal alone: "access.log  43 %  1228 of 2867 MiB". Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace weir {

class ProgressBar {
 public:
  enum class Of { bytes, events };
  ProgressBar(std::string what, std::int64_t total, Of of = Of::bytes);
  void show(std::int64_t done);
  /// Takes the line away.
  void end();

 private:
  std::string what_;
  std::int64_t total_;
  Of of_;
  bool terminal_;
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace weir
