// Result<T>: an expected failure as a value.
//
// Every call that can fail in a way the caller must handle returns Result<T> (or Status, when there
// is nothing to return). The error says what the caller may do: that is its code, not its text.
// Broken invariants are no errors: they stop the process through WEIR_CHECK, in release too.
// Exceptions stay inside the folder that wraps the library which throws them.
//
//   Result<Catalog> catalog = read_catalog(path);
//   if (!catalog) return catalog.error();
//   use(*catalog);
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace weir {

/// What the caller can do about it.
enum class ErrorCode {
  invalid,      // the input is wrong: reject it; the same input will fail again
  not_found,    // what was named does not exist
  conflict,     // somebody else moved first: reload, then decide
  unavailable,  // a part is unreachable or too slow: try again later
  in_doubt,     // the reply was lost: read back before anything else
  full,         // a bound in bytes was reached: slow down
  denied,       // not allowed: credentials or rights
  integrity,    // stored state contradicts itself: stop and call an operator
  config,       // a setting or a file of the operator's is wrong
};

const char* name_of(ErrorCode code);

/// `what` names the thing and the place ("PostgreSQL at 127.0.0.1:5433: connection refused");
/// `remedy` says what the operator can do, in one sentence, and may be empty.
struct Error {
  ErrorCode code;
  std::string what;
  std::string remedy;

  /// "what" or "what (remedy)".
  std::string text() const;
  /// The same error with `where: ` put before what it says.
  Error within(std::string_view where) const;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }

  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or an error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return !error_; }
  bool ok() const { return !error_; }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

/// Prints the message with its place and aborts. For what can only be a bug.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace weir

#define WEIR_CHECK(condition)                                               \
  do {                                                                      \
    if (!(condition)) ::weir::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)

/// Returns the error of `expression` (a Status or Result) from the calling function, if it has one.
#define WEIR_TRY(expression)                                \
  do {                                                      \
    if (auto&& weir_try_ = (expression); !weir_try_.ok()) { \
      return weir_try_.error();                             \
    }                                                       \
  } while (false)
