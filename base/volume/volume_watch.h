// How full a volume is, how fast it fills, and when somebody should be told: each process watches its own.
//
// A mark is a share of the volume, bytes or inodes, whichever is scarcer. It is reached at its percentage
// and left again 2 points below it, so that a volume at the mark does not tell the same story every few
// seconds.
#pragma once

#include "base/metrics.h"
#include "base/result.h"
#include "base/volume/durable_file.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct VolumeMark {
  int percent = 0;
  std::string remedy;  // what is to be done, and what happens else
};

/// Values in, values out.
class VolumeTrend {
 public:
  /// Of ascending percentages.
  explicit VolumeTrend(std::vector<VolumeMark> marks) : marks_(std::move(marks)) {}

  /// `at_us` never goes back.
  void take(std::int64_t at_us, const VolumeSpace& space);

  /// 0 to 100, rounded down.
  int used_percent() const;
  /// Over the last ten minutes, or as long as it has been watched; negative when it empties.
  std::int64_t growth_bytes_per_second() const;
  /// Nothing when it does not grow.
  std::optional<std::int64_t> seconds_to_full() const;
  /// The highest mark that is reached.
  const VolumeMark* mark() const { return reached_ == 0 ? nullptr : &marks_[reached_ - 1]; }

 private:
  struct Reading {
    std::int64_t at_us = 0;
    VolumeSpace space;
    std::int64_t used() const;
  };
  const std::vector<VolumeMark> marks_;
  std::deque<Reading> readings_;  // of the last ten minutes, and one before
  std::size_t reached_ = 0;       // how many marks
};

/// Looks every five seconds, on a thread of its own, and tells it as gauges weir_volume_* with the label
/// volume = `name`, and, when a mark is reached or left, by a line in the log.
class VolumeWatch {
 public:
  VolumeWatch(std::string folder, std::string name, std::vector<VolumeMark> marks,
              Metrics& metrics);
  ~VolumeWatch();
  VolumeWatch(const VolumeWatch&) = delete;
  VolumeWatch& operator=(const VolumeWatch&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
