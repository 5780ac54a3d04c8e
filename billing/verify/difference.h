// What a verification found: places where what is stored is not what comes of the facts.
//
//   Differences found;
//   found.expect("line amount", "invoice acme-000007 line 3", stored, recomputed);
//
// At most kListed differences are kept, further ones are counted. Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace weir {

struct Difference {
  std::string what;        // stable: "snapshot_digest", "line_amount", ...
  std::string where;       // for people: "close 3, acme/sub-1 requests from …"
  std::string stored;      // "" when it is not there
  std::string recomputed;  // "" when it should not be there
};

class Differences {
 public:
  static constexpr std::size_t kListed = 10'000;

  void add(std::string what, std::string where, std::string stored, std::string recomputed) {
    ++count_;
    if (list_.size() >= kListed) return;
    list_.push_back({std::move(what), std::move(where), std::move(stored), std::move(recomputed)});
  }

  /// Adds one when the two differ.
  template <class T>
  void expect(const char* what, const std::string& where, const T& stored, const T& recomputed) {
    if (stored == recomputed) return;
    if constexpr (std::is_arithmetic_v<T>) {
      add(what, where, std::to_string(stored), std::to_string(recomputed));
    } else {
      add(what, where, stored, recomputed);
    }
  }

  bool none() const { return count_ == 0; }
  std::int64_t count() const { return count_; }
  const std::vector<Difference>& list() const { return list_; }

 private:
  std::vector<Difference> list_;
  std::int64_t count_ = 0;
};

}  // namespace weir
