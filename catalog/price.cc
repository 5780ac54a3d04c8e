#include "catalog/catalog.h"

#include <array>
#include <fmt/format.h>

namespace weir {
namespace {

constexpr int kPriceDigits = 9;
constexpr std::int64_t kNanosPerMajor = 1'000'000'000;
constexpr std::int64_t kMajorMax = INT64_MAX / kNanosPerMajor - 1;

Error bad_price(std::string_view text, std::string_view why) {
  return {ErrorCode::invalid, fmt::format("\"{}\" is no price: {}", text, why),
          "write a decimal such as \"0.0025\""};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<Price> parse_price(std::string_view text) {
  const auto dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction =
      dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  if (whole.empty() || (dot != std::string_view::npos && fraction.empty())) {
    return bad_price(text, "digits are missing");
  }
  if (fraction.size() > kPriceDigits) return bad_price(text, "more than 9 fractional digits");

  std::int64_t major = 0;
  for (char c : whole) {
    if (!is_digit(c)) return bad_price(text, "only digits and one point are allowed");
    major = major * 10 + (c - '0');
    if (major > kMajorMax) return bad_price(text, "too large");
  }
  std::int64_t nanos = 0;
  for (std::size_t i = 0; i < kPriceDigits; ++i) {
    const char c = i < fraction.size() ? fraction[i] : '0';
    if (!is_digit(c)) return bad_price(text, "only digits and one point are allowed");
    nanos = nanos * 10 + (c - '0');
  }
  return Price{major * kNanosPerMajor + nanos};
}

std::string format_price(Price price) {
  std::string text =
      fmt::format("{}.{:09}", price.nanos / kNanosPerMajor, price.nanos % kNanosPerMajor);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

Result<int> minor_digits(std::string_view currency) {
  // ISO 4217, the currencies whose minor unit is not a hundredth; and those with one that is.
  static constexpr std::array kNone = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
                                       "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"};
  static constexpr std::array kThree = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
  static constexpr std::array kTwo = {"AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "COP",
                                      "CZK", "DKK", "EGP", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS",
                                      "INR", "KES", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN",
                                      "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "SAR", "SEK", "SGD",
                                      "THB", "TRY", "TWD", "UAH", "USD", "UYU", "ZAR"};
  for (const char* code : kTwo) {
    if (currency == code) return 2;
  }
  for (const char* code : kNone) {
    if (currency == code) return 0;
  }
  for (const char* code : kThree) {
    if (currency == code) return 3;
  }
  return Error{ErrorCode::invalid, fmt::format("unknown currency \"{}\"", currency),
               "use an ISO 4217 code such as EUR, USD or JPY"};
}

}  // namespace weir
