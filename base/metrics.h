// Metrics in Prometheus' terms. One registry a process, handed to whoever counts.
//
// Names follow Prometheus: weir_<process>_<what>_<unit>[_total]. Threads: any. `Counter` and
// `Gauge` are handles that live as long as the registry and cost one relaxed atomic a call.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weir {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(std::int64_t n = 1) = 0;
  virtual std::int64_t value() const = 0;
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(std::int64_t v) = 0;
  virtual std::int64_t value() const = 0;
};
/// Seconds, in Prometheus' cumulative buckets.
class DurationHistogram {
 public:
  virtual ~DurationHistogram() = default;
  virtual void observe_us(std::int64_t micros) = 0;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// The same name and labels give the same object again.
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  DurationHistogram& duration(const std::string& name, const std::string& help,
                              const Labels& labels = {});
  /// Prometheus text format, version 0.0.4.
  std::string render() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
