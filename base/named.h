// Numbers that mean different things are different types.
//
//   using Offset = Named<struct OffsetTag, std::int64_t>;
//
// Two Named types never convert into one another, nor from a bare number without being asked:
// `Offset{5}`. Like compares and subtracts with like; `+` takes a bare count.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace weir {

template <class Tag, class T>
struct Named {
  using Value = T;
  T value{};

  constexpr Named() = default;
  constexpr explicit Named(T v) : value(v) {}

  constexpr auto operator<=>(const Named&) const = default;
  constexpr T operator-(Named other) const { return value - other.value; }
  constexpr Named operator+(T count) const { return Named(value + count); }
  constexpr Named operator-(T count) const { return Named(value - count); }
  constexpr Named& operator++() {
    ++value;
    return *this;
  }
};

}  // namespace weir

template <class Tag, class T>
struct std::hash<weir::Named<Tag, T>> {
  std::size_t operator()(const weir::Named<Tag, T>& n) const noexcept {
    return std::hash<T>{}(n.value);
  }
};
