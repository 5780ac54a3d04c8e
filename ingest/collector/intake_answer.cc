#include "ingest/collector/intake_answer.h"

#include "base/log.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <tuple>

namespace weir {
namespace {

void write_rejected(const Rejection& rejection, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"index":{},"status":"rejected","reason":{},"field":{},"detail":{}}})",
                 rejection.row, json_quote(rejection.reason), json_quote(rejection.field),
                 json_quote(rejection.detail));
}

}  // namespace

void find_repeats(const RequestBatch& batch, std::vector<bool>& duplicate) {
  duplicate.assign(batch.rows(), false);
  std::vector<std::uint32_t> order(batch.rows());
  std::iota(order.begin(), order.end(), 0u);
  auto key = [&](std::uint32_t row) {
    return std::tuple(batch.identity[row], batch.subscription.code_at(row));
  };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tuple_cat(key(a), std::tuple(a)) < std::tuple_cat(key(b), std::tuple(b));
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (key(order[i]) == key(order[i - 1])) duplicate[order[i]] = true;
  }
}

IntakeCounts count_intake(const DecodeReport& report, const std::vector<bool>& duplicate) {
  IntakeCounts counts;
  counts.rejected = static_cast<std::uint32_t>(report.rejections.size());
  counts.duplicate =
      static_cast<std::uint32_t>(std::count(duplicate.begin(), duplicate.end(), true));
  counts.accepted = static_cast<std::uint32_t>(duplicate.size()) - counts.duplicate;
  return counts;
}

std::string write_intake_answer(const DecodeReport& report, const std::vector<bool>& duplicate) {
  const IntakeCounts counts = count_intake(report, duplicate);
  std::string out = fmt::format(R"({{"accepted":{},"duplicate":{},"rejected":{},"items":[)",
                                counts.accepted, counts.duplicate, counts.rejected);
  std::size_t row = 0;
  auto rejection = report.rejections.begin();
  for (std::uint32_t index = 0; index < report.events; ++index) {
    if (index > 0) out += ',';
    if (rejection != report.rejections.end() && rejection->row == index) {
      write_rejected(*rejection++, out);
    } else if (row < duplicate.size()) {
      fmt::format_to(std::back_inserter(out), R"({{"index":{},"status":"{}"}})", index,
                     duplicate[row] ? "duplicate" : "accepted");
      ++row;
    }
  }
  return out + "]}";
}

}  // namespace weir
