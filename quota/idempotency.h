// Answers of POSTs by their Idempotency-Key: the same request again gets the same answer.
//
// Kept in memory, bounded in bytes (the oldest finished ones go first) and by age; a process that
// restarts forgets them. Threads: any.
#pragma once

#include "base/http/message.h"
#include "base/time.h"

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

namespace weir {

class IdempotencyKeys {
 public:
  IdempotencyKeys(std::size_t bytes_max, Micros age_max, Clock& clock);
  ~IdempotencyKeys();

  enum class Refused {
    running,     // the first one has not been answered yet
    other_body,  // the key was used for something else
  };
  struct First {};  // nobody used the key: answer, then finish()
  /// HttpResponse: the answer that was given.
  using Begun = std::variant<First, HttpResponse, Refused>;
  Begun begin(const std::string& tenant, const std::string& key, const std::string& body);
  void finish(const std::string& tenant, const std::string& key, const HttpResponse& answer);
  /// The request changed nothing (429, 5xx): the key is free again.
  void forget(const std::string& tenant, const std::string& key);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
