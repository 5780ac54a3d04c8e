// Cells are atomics of our own: exact integers, one relaxed addition a call. Only the text format
// is prometheus-cpp's, so that quoting and layout are those that scrapers know.
#include "base/metrics.h"

#include "base/result.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sstream>

namespace weir {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

class Cell {
 public:
  virtual ~Cell() = default;
  virtual void write_to(ClientMetric& out) const = 0;
};

class CounterCell : public Counter, public Cell {
 public:
  static constexpr MetricType kType = MetricType::Counter;
  void add(std::int64_t n) override { value_.fetch_add(n, std::memory_order_relaxed); }
  std::int64_t value() const override { return value_.load(std::memory_order_relaxed); }
  void write_to(ClientMetric& out) const override {
    out.counter.value = static_cast<double>(value());
  }

 private:
  std::atomic<std::int64_t> value_{0};
};

class GaugeCell : public Gauge, public Cell {
 public:
  static constexpr MetricType kType = MetricType::Gauge;
  void set(std::int64_t v) override { value_.store(v, std::memory_order_relaxed); }
  std::int64_t value() const override { return value_.load(std::memory_order_relaxed); }
  void write_to(ClientMetric& out) const override {
    out.gauge.value = static_cast<double>(value());
  }

 private:
  std::atomic<std::int64_t> value_{0};
};

class DurationCell : public DurationHistogram, public Cell {
 public:
  static constexpr MetricType kType = MetricType::Histogram;
  void observe_us(std::int64_t micros) override {
    const auto bound = std::lower_bound(kBoundsUs.begin(), kBoundsUs.end(), micros);
    counts_[static_cast<std::size_t>(bound - kBoundsUs.begin())].fetch_add(
        1, std::memory_order_relaxed);
    sum_us_.fetch_add(micros, std::memory_order_relaxed);
  }
  void write_to(ClientMetric& out) const override {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      total += static_cast<std::uint64_t>(counts_[i].load(std::memory_order_relaxed));
      const double bound =
          i < kBoundsUs.size() ? seconds(kBoundsUs[i]) : std::numeric_limits<double>::infinity();
      out.histogram.bucket.push_back({total, bound});
    }
    out.histogram.sample_count = total;
    out.histogram.sample_sum = seconds(sum_us_.load(std::memory_order_relaxed));
  }

 private:
  static double seconds(std::int64_t micros) { return static_cast<double>(micros) / 1e6; }

  // 100 µs to 60 s, about three a decade: from a quota check to a slow close.
  static constexpr std::array<std::int64_t, 17> kBoundsUs = {
      100,     250,     500,     1'000,     2'500,     5'000,     10'000,     25'000,    50'000,
      100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 15'000'000, 60'000'000};
  std::array<std::atomic<std::int64_t>, kBoundsUs.size() + 1> counts_{};
  std::atomic<std::int64_t> sum_us_{0};
};

bool is_metric_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), fits);
}

struct Family {
  std::string help;
  MetricType type;
  std::map<Labels, std::unique_ptr<Cell>> cells;
};

}  // namespace

struct Metrics::State {
  mutable std::mutex mutex;
  std::map<std::string, Family> families;

  template <class C>
  C& cell(const std::string& name, const std::string& help, const Labels& labels) {
    WEIR_CHECK(is_metric_name(name));
    const std::lock_guard lock(mutex);
    auto [family, is_new] = families.try_emplace(name, Family{help, C::kType, {}});
    WEIR_CHECK(family->second.type == C::kType);  // one name, one kind
    std::unique_ptr<Cell>& cell = family->second.cells[labels];
    if (!cell) cell = std::make_unique<C>();
    return static_cast<C&>(*cell);
  }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  return state_->cell<CounterCell>(name, help, labels);
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return state_->cell<GaugeCell>(name, help, labels);
}

DurationHistogram& Metrics::duration(const std::string& name, const std::string& help,
                                     const Labels& labels) {
  return state_->cell<DurationCell>(name, help, labels);
}

std::string Metrics::render() const {
  std::vector<prometheus::MetricFamily> out;
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [name, family] : state_->families) {
      auto& rendered = out.emplace_back();
      rendered.name = name;
      rendered.help = family.help;
      rendered.type = family.type;
      for (const auto& [labels, cell] : family.cells) {
        ClientMetric& metric = rendered.metric.emplace_back();
        for (const auto& [label, value] : labels) metric.label.push_back({label, value});
        cell->write_to(metric);
      }
    }
  }
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, out);
  return text.str();
}

}  // namespace weir
